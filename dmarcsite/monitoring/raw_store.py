"""What the bucket of SEKIMORI_RAW_STORE last answered. Asked by a task: no probe waits for a store that is away."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache

from reports.ingest.raw.ownership import answers

_KEY = "monitoring.raw_store"
REMEMBERED = 5 * 60
"""Seconds; after that nobody knows, and beat and workers are the matter."""
AWAY = "the bucket does not answer: mails wait where they are, and pages stay (see docs/raw-store.md)"


def ask() -> None:
    """Ask the bucket, where the settings name one, and note its answer for every process."""
    if settings.RAW_BUCKET:
        cache.set(_KEY, "ok" if answers() else AWAY, timeout=REMEMBERED)


def last_answer() -> dict[str, str]:
    """{"raw_store": "ok" or what is wrong}; empty where no bucket is named."""
    return {"raw_store": cache.get(_KEY, "unknown")} if settings.RAW_BUCKET else {}
