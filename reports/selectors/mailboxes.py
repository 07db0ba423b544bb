"""Mailboxes as pages show them: how each does, whether somebody is signed in for it, and what it brought in a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from reports.models import Mailbox, Message, SignIn
from reports.viewer import Viewer
from reports.vocabulary import MailboxFault, Outcome

DAY = timedelta(days=1)
GRACE = timedelta(minutes=10)
INTERVALS_OF_PATIENCE = 2
SIGNED_OUT = {
    MailboxFault.SIGN_IN_MISSING,
    MailboxFault.SIGN_IN_ENDED,
    MailboxFault.SIGN_IN_EXPIRED,
    MailboxFault.SIGN_IN_DENIED,
    MailboxFault.SIGN_IN_REFUSED,
}
STORED = (Outcome.STORED, Outcome.PARTIAL)


@dataclass(frozen=True, slots=True)
class Brought:
    """Mails that came in within 24 hours, all of them and by how they ended; what is no report or unread is in `new` alone."""

    new: int = 0
    stored: int = 0
    duplicate: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class MailboxState:
    """`health` is a word of `mailbox_health`, `sign_in` one of `sign_in_state`."""

    mailbox: Mailbox
    health: str
    sign_in: str
    brought: Brought


def mailbox_states(viewer: Viewer, *, now: datetime) -> list[MailboxState]:
    """The organisation's mailboxes in the order of their names. Two queries."""
    rows = Mailbox.objects.filter(organisation_id=viewer.organisation_id)
    found = rows.select_related("sign_in__signed_in_by").order_by("name", "pk")
    brought = _brought(viewer, since=now - DAY)
    return [
        MailboxState(
            mailbox,
            mailbox_health(mailbox, now=now),
            sign_in_state(mailbox, now=now),
            brought.get(mailbox.pk, Brought()),
        )
        for mailbox in found
    ]


def mailbox_health(mailbox: Mailbox, *, now: datetime) -> str:
    """ "ok", "late", "failing", "paused" or "never" (read for the first time)."""
    if not mailbox.is_enabled:
        return "paused"
    if mailbox.failures:
        return "failing"
    if mailbox.last_success_at is None:
        return "never"
    patience = INTERVALS_OF_PATIENCE * timedelta(minutes=mailbox.interval_minutes) + GRACE
    return "ok" if mailbox.last_success_at + patience > now else "late"


def sign_in_state(mailbox: Mailbox, *, now: datetime) -> str:
    """ "" where a password does, else "missing", "waiting" (for the code to be entered), "ended" or "good"."""
    if not mailbox.settings.get("client_id"):
        return ""
    sign_in: SignIn | None = getattr(mailbox, "sign_in", None)
    if sign_in and sign_in.user_code and sign_in.pending_until and now < sign_in.pending_until:
        return "waiting"
    if sign_in is None or not sign_in.refresh:
        return "missing"
    return "ended" if mailbox.error_code in SIGNED_OUT else "good"


def _brought(viewer: Viewer, *, since: datetime) -> dict[int, Brought]:
    recent = Message.objects.filter(
        organisation_id=viewer.organisation_id, received_at__gt=since, mailbox__isnull=False
    ).order_by()
    counted = recent.values("mailbox_id").annotate(
        new=Count("pk"),
        stored=Count("pk", filter=Q(outcome__in=STORED)),
        duplicate=Count("pk", filter=Q(outcome=Outcome.DUPLICATE)),
        refused=Count("pk", filter=Q(outcome=Outcome.REFUSED)),
    )
    return {row.pop("mailbox_id"): Brought(**row) for row in counted}
