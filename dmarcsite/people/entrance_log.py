"""Notes in the audit log who came in, who tried, and which password or second factor changed. Decides about nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from reports.audit import log
from reports.audit.actions import register
from reports.models import Organisation

if TYPE_CHECKING:
    from django.http import HttpRequest

    from dmarcsite.models import User

LOGGED_IN = register("people.login.succeeded")
LOGIN_FAILED = register("people.login.failed")
PASSWORD_CHANGED = register("people.password.changed")
FACTOR_ADDED = register("people.second_factor.added")
FACTOR_REMOVED = register("people.second_factor.removed")
CODES_MADE = register("people.recovery_codes.made")


def note(action: str, user: User, *, request: HttpRequest) -> None:
    """One entry in each organisation of the person, after the act: allauth commits that by itself.

    A failed log-in is nobody's act, so it has a subject and no actor.
    """
    actor = None if action == LOGIN_FAILED else user
    with transaction.atomic():
        for organisation in Organisation.objects.filter(memberships__user=user).order_by("pk"):
            log.record(
                action,
                at=timezone.now(),
                actor=actor,
                organisation=organisation,
                subject=user,
                label=user.email,
                remote_address=request.META.get("REMOTE_ADDR") or None,
            )
