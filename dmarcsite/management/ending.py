"""What manage.py says instead of a traceback, of ends that are no fault of a command."""

from __future__ import annotations

from django.db import OperationalError

from reports.errors import RawStoreError


def sentence_for(error: Exception) -> str | None:
    """One sentence without a password, or None for an error of which nobody but its traceback can tell the reason."""
    if isinstance(error, OperationalError):
        reason = str(error).partition("\n")[0].rstrip(".")
        return f"The database cannot be used: {reason}. Start it (make up), or correct DATABASE_URL."
    if isinstance(error, RawStoreError):
        return f"The bucket of SEKIMORI_RAW_STORE cannot be used: {error}. docs/raw-store.md says what to do."
    return None
