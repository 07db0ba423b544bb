"""The interface of Celery to the site itself: each task calls one function."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from dmarcsite.monitoring import heartbeat


@shared_task  # type: ignore[untyped-decorator]  # celery carries no types
def beat() -> None:
    """Show that schedule, broker and worker work together."""
    heartbeat.beat(at=timezone.now())
