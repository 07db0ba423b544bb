"""Lets a person see an unmasked failure report: each time with a reason, in the audit log, and for a quarter of an hour."""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from reports.audit import log
from reports.audit.actions import register
from reports.models import FailureReport
from reports.viewer import Viewer

REVEALED = register("reports.failure.revealed")
WINDOW = timedelta(minutes=15)
_KEY = "revealed_failures"


@transaction.atomic
def reveal(
    report: FailureReport, *, viewer: Viewer, reason: str, at: datetime, session: MutableMapping[str, Any]
) -> datetime:
    """Write the act and open the window in this login's session; returns when it closes."""
    until = at + WINDOW
    log.record(
        REVEALED,
        at=at,
        viewer=viewer,
        subject=report,
        label=f"{report.header_from} {report.source_ip or ''}".strip(),
        reason=reason,
        data={"until": until.isoformat()},
    )
    still_open = {key: end for key, end in session.get(_KEY, {}).items() if end > at.timestamp()}
    session[_KEY] = {**still_open, _key(report, viewer): until.timestamp()}
    return until


def revealed_until(
    report: FailureReport, *, viewer: Viewer, at: datetime, session: MutableMapping[str, Any]
) -> datetime | None:
    """When the window closes, or None where it is not open for this person."""
    end = session.get(_KEY, {}).get(_key(report, viewer), 0)
    return datetime.fromtimestamp(end, UTC) if end > at.timestamp() else None


def _key(report: FailureReport, viewer: Viewer) -> str:
    return f"{viewer.user_id}:{report.pk}"
