"""The interface of Celery to ingestion: each task calls one function. Ids go over the wire, never objects."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from reports import jobs
from reports.ingest import pipeline, sender_checks, visit
from reports.ingest.sender.keys import Keys, silent
from reports.models import Message
from reports.reread import run as rereading
from reports.vocabulary import JobKind

CHECKING = timedelta(seconds=50)
REREADING = timedelta(minutes=20)
"""A task is ended after half an hour; the next one goes on."""
LEFT_AFTER = timedelta(minutes=10)
"""A message that is unread for so long was left by a process that died: the slowest reading takes seconds."""


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
def dispatch_due_mailboxes() -> None:
    """Start a visit to each mailbox that is due. Moves its due time on first, so that nobody starts a second one."""
    for mailbox_id in visit.claim_due(at=timezone.now()):
        fetch_mailbox.apply_async([mailbox_id], expires=LEFT_AFTER.total_seconds())


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
def fetch_mailbox(mailbox_id: int) -> None:
    """Visit a mailbox now, unless another worker is there."""
    visit.visit(mailbox_id, clock=timezone.now)


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
def check_senders() -> None:
    """Find out who sent the messages that brought reports."""
    now = timezone.now()
    lookup = Keys(settings.DNS_SERVERS, seconds=CHECKING.total_seconds()) if settings.ASKS_DNS else silent
    sender_checks.check_due(clock=timezone.now, until=now + CHECKING, lookup=lookup)


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
def carry_rereads_on() -> None:
    """Read messages again that somebody asked for."""
    until = timezone.now() + REREADING
    for job_id in jobs.unfinished(JobKind.REREAD):
        rereading.run(job_id, clock=timezone.now, until=until)


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
def finish_interrupted() -> None:
    """Read what a crash left unread, mail and files alike; mail is acknowledged at the next visit."""
    now = timezone.now()
    left = Message.objects.filter(outcome__isnull=True, received_at__lt=now - LEFT_AFTER).order_by("received_at")
    for _ in pipeline.finish_unread(list(left.values_list("pk", flat=True)), at=now):
        pass
