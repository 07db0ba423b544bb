"""Sends reads of report tables to the replica while a report page is made, and everything else to the primary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.models import Model

from dmarcsite.replica.lag import PRIMARY, REPLICA

# Not among them, though report pages read them: who may see what, decisions about sources, and whatever people change.
REPORT_MODELS = frozenset(
    {
        "reports.aggregatereport",
        "reports.aggregaterow",
        "reports.domainday",
        "reports.rejectedrow",
        "reports.sourceday",
        "reports.tlsfailure",
        "reports.tlspolicy",
        "reports.tlsreport",
    }
)
_reading: ContextVar[bool] = ContextVar("reading the replica", default=False)


@contextmanager
def reading_replica() -> Iterator[None]:
    """Within it, this thread reads report tables from the replica."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


class ReplicaRouter:
    """Django's interface for choosing a database (DATABASE_ROUTERS)."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return REPLICA if _reading.get() and model._meta.label_lower in REPORT_MODELS else PRIMARY

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return PRIMARY

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        """One database twice: whatever belongs together in one does so in the other."""
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == PRIMARY
