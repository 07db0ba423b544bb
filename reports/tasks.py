"""The interface of Celery to ingestion: each task calls one function. Ids go over the wire, never objects."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from reports.ingest import pipeline, visit
from reports.models import Message

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
def finish_interrupted() -> None:
    """Read what a crash left unread, mail and files alike; mail is acknowledged at the next visit."""
    now = timezone.now()
    left = Message.objects.filter(outcome__isnull=True, received_at__lt=now - LEFT_AFTER).order_by("received_at")
    for _ in pipeline.finish_unread(list(left.values_list("pk", flat=True)), at=now):
        pass
