"""Checks who sent the messages that brought reports, after they were read: by the clock, and never in the way of reading."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q

from reports.ingest.conflicts import settle
from reports.ingest.raw import with_bytes
from reports.ingest.sender.judge import Sender, judge
from reports.ingest.sender.keys import Keys
from reports.ingest.sender.results import trusted_from
from reports.ingest.sender.signatures import Lookup
from reports.models import AggregateReport, Message
from reports.rollups.buckets import Bucket, lock_buckets
from reports.rollups.build import rebuild
from reports.sealing import SealBroken
from reports.vocabulary import Outcome, SenderCheck, SenderReason

TOGETHER = 50
CLAIMED_FOR = timedelta(minutes=10)
"""Who takes messages to check them holds them for so long; one who dies leaves them to the next."""
ASKED_AGAIN_AFTER = timedelta(hours=1)
ASKED_FOR = timedelta(days=3)
"""A name server that is silent for longer will not tell whose key it was."""
log = logging.getLogger(__name__)
BROUGHT_SOMETHING = [Outcome.STORED.value, Outcome.PARTIAL.value, Outcome.DUPLICATE.value]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one message; `again_at` where it may be worth while to ask once more."""

    message_id: int
    sender: Sender
    again_at: datetime | None = None


def check_due(*, clock: Callable[[], datetime], until: datetime, lookup: Lookup | None = None) -> int:
    """Check messages that are due, some at a time, until none is left or the time is up; answers how many.

    Any number of workers may do this at once. `lookup` answers with TXT records; by default it asks DNS. Raises
    RawStoreError where the bucket that keeps the mails is away; those that were claimed are due again later.
    """
    lookup = lookup or Keys(seconds=(until - clock()).total_seconds())
    checked = 0
    while (at := clock()) < until and (claimed := _claim(at=at)):
        # One by one: each may have as many bytes as a mail can.
        messages = with_bytes(map(_message, claimed))
        found = [_check(message, data, at=clock(), lookup=lookup) for message, data in messages]
        # What an organisation trusts was read when they were claimed (reports.ingest.senders_again).
        write(found, at=at)
        checked += len(found)
    return checked


def _claim(*, at: datetime) -> Sequence[int]:
    due = Q(sender_due_at__lte=at, outcome__isnull=False)
    with transaction.atomic():
        Message.objects.filter(due).exclude(outcome__in=BROUGHT_SOMETHING).update(sender_due_at=None)
        mine = Message.objects.filter(due).order_by("sender_due_at").select_for_update(of=("self",), skip_locked=True)
        pks = list(mine.values_list("pk", flat=True)[:TOGETHER])
        Message.objects.filter(pk__in=pks).update(sender_due_at=at + CLAIMED_FOR)
    return sorted(pks)


def _message(pk: int) -> Message:
    return Message.objects.select_related("raw", "organisation").get(pk=pk)


def _check(message: Message, data: bytes | SealBroken | None, *, at: datetime, lookup: Lookup) -> Found:
    if not isinstance(data, bytes):
        return Found(message.pk, Sender(SenderCheck.UNKNOWN, SenderReason.BYTES_GONE))
    # What a person hands in may have been written by anybody, results included; a mailbox is filled by its server.
    trusted = trusted_from(message.organisation.trusted_authserv_ids) if message.mailbox_id else {}
    try:
        sender = judge(data, trusted=trusted, at=message.received_at, lookup=lookup)
    except Exception:  # a fault of ours in one message must not hold up the others
        log.exception("the sender of message %d cannot be judged", message.pk)
        sender = Sender(SenderCheck.UNVERIFIED, SenderReason.HEAD_DAMAGED)
    later = at + ASKED_AGAIN_AFTER
    worthwhile = sender.may_change and later < message.received_at + ASKED_FOR
    return Found(message.pk, sender, later if worthwhile else None)


@transaction.atomic
def write(found: Sequence[Found], *, at: datetime) -> None:
    """Write down what was found, and decide anew about the reports that proven messages brought, or no longer proven ones."""
    pks = [each.message_id for each in found]
    in_one_order = Message.objects.filter(pk__in=pks).order_by("pk").select_for_update(of=("self",), no_key=True)
    before = dict(in_one_order.values_list("pk", "sender_check"))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reports_message m SET sender_check = f.found, sender_reason = f.reason, sender_domain = f.domain, "
            "sender_by = f.by, sender_checked_at = %s, sender_due_at = f.again FROM unnest(%s::bigint[], %s::text[], "
            "%s::text[], %s::text[], %s::text[], %s::timestamptz[]) AS f(id, found, reason, domain, by, again) "
            "WHERE m.id = f.id",
            [
                at,
                pks,
                [str(each.sender.check) for each in found],
                [str(each.sender.reason) for each in found],
                [each.sender.domain[:253] for each in found],
                [each.sender.by[:253] for each in found],
                [each.again_at for each in found],
            ],
        )
    verified = SenderCheck.VERIFIED
    decide_again([each.message_id for each in found if verified in (each.sender.check, before.get(each.message_id))])


def decide_again(message_ids: Sequence[int]) -> None:
    """Settle the identities of all reports that these messages brought where it could matter, and renew the sums.

    It could where a report has a rival, or came by several mails. To be called within a transaction.
    """
    brought = Q(message__in=message_ids) | Q(sighting__message__in=message_ids)
    doubtful = Q(is_conflicting=True) | Q(is_counted=False) | Q(sightings__gt=1) | Q(superseded__isnull=False)
    found = AggregateReport.objects.filter(brought, doubtful).order_by("pk")
    places = found.values_list("organisation_id", "domain_id", "day", F("identity")).distinct()
    of_organisation: dict[int, set[tuple[int, date, bytes]]] = defaultdict(set)
    for organisation_id, domain_id, day, identity in places:
        of_organisation[organisation_id].add((domain_id, day, bytes(identity)))
    for organisation_id, identities in sorted(of_organisation.items()):
        lock_buckets(Bucket(organisation_id, domain_id, day) for domain_id, day, _ in identities)
        rebuild(settle({(day, identity) for _, day, identity in identities}, organisation_id=organisation_id))
