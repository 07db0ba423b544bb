"""Messages that no reader got through: they are kept as they came, and wait for somebody to have them read again."""

from __future__ import annotations

from django.db.models import QuerySet

from reports.models import Message
from reports.selectors.ingest_health import ledger
from reports.viewer import Viewer
from reports.vocabulary import Outcome, Reason

PARKED = {"outcome": Outcome.REFUSED.value, "reason": Reason.READER_FAILED.value}


def parked(viewer: Viewer) -> QuerySet[Message]:
    """Those of the ledger, newest first; an index holds them alone, so how much else came in does not matter."""
    return ledger(viewer).filter(**PARKED)
