"""Senders that were judged when an organisation trusted other mail servers are judged again: some at a time, by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from reports.ingest.sender_checks import BROUGHT_SOMETHING
from reports.models import Message, Organisation
from reports.vocabulary import SenderReason

JUDGED_AGAIN = timedelta(days=30)
"""How old a mail may be that is judged again; what is older is seldom looked at, and its keys may be gone."""
TOGETHER = 2_000
"""Fewer than a worker checks in a minute, so that new mail never waits long behind old."""
_WHATEVER_SERVERS_SAY = (
    # A proof that no server gave; to ask again could only lose it, since keys go out of DNS.
    SenderReason.SIGNATURE_HOLDS,
    SenderReason.NOT_A_MAIL,
    SenderReason.NO_AUTHOR,
    SenderReason.SEVERAL_AUTHORS,
    SenderReason.HEAD_DAMAGED,
)


def make_due(*, at: datetime) -> int:
    """Make some of the messages due for a check that were judged before their organisation changed its trusted servers.

    Mails of a mailbox of the last 30 days before the change whose bytes are kept; answers how many. When none is left
    of an organisation, its change is over. No more are due at once than a worker checks in a minute.
    """
    changed = Organisation.objects.filter(servers_changed_at__isnull=False).order_by("pk")
    made = 0
    for organisation_id, changed_at in changed.values_list("pk", "servers_changed_at"):
        waiting = Message.objects.filter(sender_due_at__lte=at)[:TOGETHER].count()
        if changed_at is not None and waiting < TOGETHER:
            made += _make_due(organisation_id, changed_at, most=TOGETHER - waiting, at=at)
    return made


def _make_due(organisation_id: int, changed_at: datetime, *, most: int, at: datetime) -> int:
    judged_before = Message.objects.filter(
        organisation_id=organisation_id,
        received_at__gte=changed_at - JUDGED_AGAIN,
        mailbox__isnull=False,
        raw__isnull=False,
        outcome__in=BROUGHT_SOMETHING,
        sender_checked_at__lt=changed_at,
        sender_due_at__isnull=True,
    ).exclude(sender_reason__in=_WHATEVER_SERVERS_SAY)
    pks = list(judged_before.order_by("-received_at").values_list("pk", flat=True)[:most])
    made: int = Message.objects.filter(pk__in=pks, sender_due_at__isnull=True).update(sender_due_at=at)
    if len(pks) < most:
        # Another change in the meantime begins anew.
        Organisation.objects.filter(pk=organisation_id, servers_changed_at=changed_at).update(servers_changed_at=None)
    return made
