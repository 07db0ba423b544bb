"""How tests of pages log in, read what came, and count what must not move."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from lxml import html

from exceptions.models import Approval, EnforcementMode, ExceptionRule, ModeChange, RuleVersion
from exceptions.vocabulary import RuleState
from reports.models import AuditEntry
from reports.viewer import Viewer
from tests.exceptions.cast import Cast, a_rule


def as_person(viewer: Viewer) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.get(pk=viewer.user_id))
    return client


def rule_of_now(cast: Cast, *, state: RuleState = RuleState.DRAFT, **changes: Any) -> ExceptionRule:
    """A rule of the cast whose month begins with this second, since pages live by the real clock."""
    now = timezone.now().replace(microsecond=0)
    return a_rule(cast, state=state, at=now, **{"starts_at": now, "expires_at": now + timedelta(days=30)} | changes)


def tree(response: Any) -> Any:
    return html.fromstring(response.content.decode())


def text(response: Any) -> str:
    """All that a person reads on the page, in one line."""
    return " ".join(tree(response).text_content().split())


def alert(response: Any) -> str:
    """What the page says went wrong."""
    boxes = tree(response).xpath("//main//*[@role='alert']")
    return " ".join(" ".join(box.text_content() for box in boxes).split())


def field_errors(response: Any) -> dict[str, list[str]]:
    """The sentences at each field, by its name."""
    found = {}
    for box in tree(response).xpath("//ul[contains(@class, 'field-errors')]"):
        name = box.get("id").removeprefix("id_").removesuffix("-errors")
        found[name] = [" ".join(item.text_content().split()) for item in box.xpath("li")]
    return found


def standing() -> tuple[object, ...]:
    """All that a refused act must leave as it was."""
    return (
        list(ExceptionRule.objects.order_by("pk").values()),
        RuleVersion.objects.count(),
        Approval.objects.count(),
        list(ModeChange.objects.order_by("pk").values()),
        list(EnforcementMode.objects.order_by("pk").values()),
        AuditEntry.objects.count(),
    )
