"""The metrics: their names, what they say, and the cheap query behind each. docs/metrics.md lists them; a test compares.

All are computed when they are asked for, from rows that an index leads to, so that any number of web processes say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.db.models import Count, Max, Min, Sum

from dmarcsite.monitoring import heartbeat
from dmarcsite.replica.lag import usable_lag
from reports.ingest.raw.ownership import answers
from reports.models import (
    AddressIdentity,
    AggregateReport,
    FailureReport,
    Job,
    LooseObject,
    Mailbox,
    Message,
    Node,
    RollupCheck,
    TlsReport,
)
from reports.models.job import GOING_ON
from reports.vocabulary import Outcome, Reason

Sample = tuple[tuple[str, ...], float]
DAY = timedelta(days=1)
QUEUES = ("celery", "enrich")
BROKER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One gauge: `name` without the prefix, its `labels`, and what gives its samples at a moment."""

    name: str
    help: str
    labels: tuple[str, ...]
    samples: Callable[[datetime], Iterator[Sample]]


def _messages(at: datetime) -> Iterator[Sample]:
    found = Message.objects.filter(received_at__gt=at - DAY).values_list("outcome").annotate(count=Count("pk"))
    counts = {outcome or "unread": count for outcome, count in found.order_by("outcome")}
    for outcome in (*Outcome, "unread"):
        yield (str(outcome),), counts.get(outcome, 0)


def _unread(at: datetime) -> Iterator[Sample]:
    yield (), Message.objects.filter(outcome__isnull=True).count()


def _oldest_unread(at: datetime) -> Iterator[Sample]:
    yield (), _age(Message.objects.filter(outcome__isnull=True).aggregate(oldest=Min("received_at"))["oldest"], at)


def _unacknowledged(at: datetime) -> Iterator[Sample]:
    waiting = Message.objects.filter(mailbox__isnull=False, outcome__isnull=False, acknowledged_at__isnull=True)
    yield (), waiting.count()


def _parked(at: datetime) -> Iterator[Sample]:
    parked = Message.objects.filter(
        received_at__gt=at - 30 * DAY, outcome=Outcome.REFUSED.value, reason=Reason.READER_FAILED.value
    )
    yield (), parked.count()


def _stored(at: datetime) -> Iterator[Sample]:
    for kind, model in (("aggregate", AggregateReport), ("failure", FailureReport), ("tls", TlsReport)):
        yield (kind,), model._default_manager.filter(stored_at__gt=at - DAY).count()


def _rows(at: datetime) -> Iterator[Sample]:
    yield (), AggregateReport.objects.filter(stored_at__gt=at - DAY).aggregate(sum=Sum("rows"))["sum"] or 0


def _mailbox_success(at: datetime) -> Iterator[Sample]:
    for slug, name, last in _mailboxes("last_success_at"):
        if last is not None:
            yield (slug, name), _age(last, at)


def _mailbox_failures(at: datetime) -> Iterator[Sample]:
    for slug, name, failures in _mailboxes("failures"):
        yield (slug, name), failures


def _mailboxes(field: str) -> Iterator[tuple[str, str, Any]]:
    boxes = Mailbox.objects.filter(is_enabled=True).order_by("organisation__slug", "name")
    yield from boxes.values_list("organisation__slug", "name", field)


def _nodes(at: datetime) -> Iterator[Sample]:
    nodes = Node.objects.filter(revoked_at=None, last_contact_at__isnull=False).order_by("organisation__slug", "name")
    for slug, name, last in nodes.values_list("organisation__slug", "name", "last_contact_at"):
        yield (slug, name), _age(last, at)


def _check_differing(at: datetime) -> Iterator[Sample]:
    last = RollupCheck.objects.order_by("-checked_at").first()
    if last:
        yield (), last.differing - last.repaired


def _check_age(at: datetime) -> Iterator[Sample]:
    last = RollupCheck.objects.aggregate(last=Max("checked_at"))["last"]
    if last:
        yield (), _age(last, at)


def _lookups_due(at: datetime) -> Iterator[Sample]:
    yield (), AddressIdentity.objects.filter(due_at__lte=at).count()


def _senders_due(at: datetime) -> Iterator[Sample]:
    yield (), Message.objects.filter(sender_due_at__lte=at, outcome__isnull=False).count()


def _jobs(at: datetime) -> Iterator[Sample]:
    yield (), Job.objects.filter(state__in=GOING_ON).count()


def _heartbeat(at: datetime) -> Iterator[Sample]:
    last = heartbeat.last_beat()
    if last:
        yield (), _age(last, at)


def _replica_lag(at: datetime) -> Iterator[Sample]:
    lag = usable_lag()
    if lag is not None:
        yield (), lag


def _raw_bucket(at: datetime) -> Iterator[Sample]:
    if settings.RAW_BUCKET:
        yield (), answers()


def _objects_loose(at: datetime) -> Iterator[Sample]:
    if settings.RAW_BUCKET:
        yield (), LooseObject.objects.filter(due_at__lte=at).count()


def _queues(at: datetime) -> Iterator[Sample]:
    """Left out where the broker does not answer: readiness says so."""
    try:
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=BROKER_SECONDS, socket_timeout=BROKER_SECONDS
        )
        with client:
            lengths = [(queue, int(client.llen(queue))) for queue in QUEUES]
    except (redis.RedisError, OSError):
        return
    for queue, length in lengths:
        yield (queue,), length


def _age(moment: object, at: datetime) -> float:
    return max(0.0, (at - moment).total_seconds()) if isinstance(moment, datetime) else 0.0


MEASURES = (
    Measure("messages_last_day", "Mails and files that came in within 24 hours, by how they ended", ("outcome",), _messages),
    Measure("messages_unread", "Messages taken in and not read yet", (), _unread),
    Measure("oldest_unread_seconds", "For how long the oldest unread message waits", (), _oldest_unread),
    Measure("messages_unacknowledged", "Mails read whose mailbox was not told yet", (), _unacknowledged),
    Measure("messages_parked", "Messages of 30 days on which the reader failed", (), _parked),
    Measure("reports_stored_last_day", "Reports stored within 24 hours", ("kind",), _stored),
    Measure("rows_stored_last_day", "Rows of aggregate reports stored within 24 hours", (), _rows),
    Measure("mailbox_success_age_seconds", "Since the last visit that succeeded", ("organisation", "mailbox"), _mailbox_success),
    Measure("mailbox_failures", "Visits that failed in a row", ("organisation", "mailbox"), _mailbox_failures),
    Measure("node_contact_age_seconds", "Since a filter node asked for its policy", ("organisation", "node"), _nodes),
    Measure("sums_differing", "Daily sums that differed at the last check and were not repaired", (), _check_differing),
    Measure("sums_check_age_seconds", "Since the daily sums were checked", (), _check_age),
    Measure("address_lookups_due", "Addresses that wait to be looked up", (), _lookups_due),
    Measure("sender_checks_due", "Messages whose sender waits to be checked", (), _senders_due),
    Measure("jobs_going_on", "Re-reads and other long work, waiting or running", (), _jobs),
    Measure("heartbeat_age_seconds", "Since a scheduled task last ran", (), _heartbeat),
    Measure("replica_lag_seconds", "How far the read replica is behind", (), _replica_lag),
    Measure("raw_bucket_answers", "1 where the bucket that keeps the bytes of mails answers, else 0", (), _raw_bucket),
    Measure("objects_loose", "Objects of that bucket that wait to be deleted", (), _objects_loose),
    Measure("queue_length", "Tasks that wait in the broker", ("queue",), _queues),
)  # fmt: skip
