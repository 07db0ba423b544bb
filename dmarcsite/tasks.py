"""The interface of Celery to the site itself: each task calls one function."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from dmarcsite.monitoring import heartbeat, raw_store


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
def beat() -> None:
    """Show that schedule, broker and worker work together, and note whether the bucket does."""
    heartbeat.beat(at=timezone.now())
    raw_store.ask()
