"""The interface of Celery to ingestion: each task calls one function. Ids go over the wire, never objects."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from reports import jobs
from reports.enrichment import run
from reports.enrichment.resolver import Resolver
from reports.errors import RawStoreError
from reports.ingest import background, ledger, pipeline, sender_checks, senders_again, visit
from reports.ingest.raw import loose
from reports.ingest.sender.keys import Keys, silent
from reports.partitions import make_months
from reports.reread import run as rereading
from reports.retention.run import apply_retention
from reports.rollups.check import check_rollups
from reports.vocabulary import JobKind

CHECKING = timedelta(seconds=50)
NEXT_MONTH = timedelta(days=28)
NIGHT = 6 * 60 * 60
REREADING = timedelta(minutes=20)
"""A task is ended after half an hour; the next one goes on."""
TIDYING = timedelta(hours=2)
VISIT_EXPIRES = timedelta(minutes=10)
"""A mailbox that no worker had time for by then is found due again."""
log = logging.getLogger(__name__)


@contextmanager
def bucket_may_be_away() -> Iterator[None]:
    """End a task in peace where the bucket that keeps the bytes of mails does not answer: the next run goes on."""
    try:
        yield
    except RawStoreError as error:
        log.warning("the bucket of SEKIMORI_RAW_STORE does not do what it is asked: %s", error)


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
def dispatch_due_mailboxes() -> None:
    """Start a visit to each mailbox that is due. Moves its due time on first, so that nobody starts a second one."""
    for mailbox_id in visit.claim_due(at=timezone.now()):
        fetch_mailbox.apply_async([mailbox_id], expires=VISIT_EXPIRES.total_seconds())


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
def fetch_mailbox(mailbox_id: int) -> None:
    """Visit a mailbox now, unless another worker is there."""
    visit.visit(mailbox_id, clock=timezone.now)


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
def look_up_addresses() -> None:
    """Find out who stands behind addresses that are new or long not asked about."""
    resolver = Resolver(settings.DNS_SERVERS) if settings.ASKS_DNS else None
    run.look_up_due(resolver=resolver, files=settings.IP_DATABASES, clock=timezone.now)


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
@bucket_may_be_away()
def check_senders() -> None:
    """Find out who sent the messages that brought reports, also of those for which other mail servers are trusted now."""
    now = timezone.now()
    senders_again.make_due(at=now)
    lookup = Keys(settings.DNS_SERVERS, seconds=CHECKING.total_seconds()) if settings.ASKS_DNS else silent
    sender_checks.check_due(clock=timezone.now, until=now + CHECKING, lookup=lookup)


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
@bucket_may_be_away()
def carry_rereads_on() -> None:
    """Read messages again that somebody asked for; and say of imports whose process is gone that they have ended."""
    now = timezone.now()
    jobs.end_abandoned(JobKind.IMPORT, at=now)
    until = now + REREADING
    for job_id in jobs.unfinished(JobKind.REREAD):
        rereading.run(job_id, clock=timezone.now, until=until)


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
@bucket_may_be_away()
def read_uploads() -> None:
    """Read large uploads that were taken in."""
    until = timezone.now() + REREADING
    for job_id in jobs.unfinished(JobKind.UPLOAD):
        background.read_upload(job_id, clock=timezone.now, until=until)


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
@bucket_may_be_away()
def finish_interrupted() -> None:
    """Read what a crash left unread, mail and files alike; mail is acknowledged at the next visit."""
    now = timezone.now()
    for _ in pipeline.finish_unread(ledger.left_unread(at=now), at=now):
        pass


@shared_task(time_limit=NIGHT)  # type: ignore[untyped-decorator]  # celery carries no types
@bucket_may_be_away()
def tidy_at_night() -> None:
    """Make this month's and the next month's partition, and let go what is over its time, objects of the bucket last."""
    now = timezone.now()
    make_months([now.date(), now.date() + NEXT_MONTH], at=now)
    apply_retention(at=now)
    loose.let_go(clock=timezone.now, until=timezone.now() + TIDYING)


@shared_task(time_limit=NIGHT)  # type: ignore[untyped-decorator]  # celery carries no types
def check_sums() -> None:
    """Compare the sums with their rows; the figures stand on the Ingestion page."""
    check_rollups(at=timezone.now(), repair=False)
