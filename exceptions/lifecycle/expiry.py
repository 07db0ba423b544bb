"""Finds the approved rules whose time is over. Bookkeeping for people: filters have stopped obeying them already."""

from __future__ import annotations

from datetime import datetime

from exceptions.errors import WrongState
from exceptions.lifecycle.services import rule_expire
from exceptions.models import RuleVersion
from exceptions.vocabulary import RuleState


def expire_due(*, at: datetime) -> int:
    """Mark them, each in a transaction of its own; returns how many. Somebody who revokes one meanwhile wins."""
    over = RuleVersion.objects.current().filter(rule__state=RuleState.APPROVED, expires_at__lte=at).order_by("rule_id")
    marked = 0
    for version in over:
        try:
            rule_expire(version.rule, at=at)
        except WrongState:
            continue
        marked += 1
    return marked
