"""What one node gets: the newest snapshot, addressed to it and signed; and the wait for a newer one."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import BoundedSemaphore

from exceptions import signing
from exceptions.engine import wire
from exceptions.errors import PublishError
from exceptions.models import Snapshot
from exceptions.publishing.authentic import document_of
from exceptions.publishing.keys import current_key
from exceptions.publishing.publish import addressed, latest_number, latest_snapshot, number_above

TICK_SECONDS = 0.5
MAX_WAITING = 8
"""Requests that may wait at a time in one process: each holds a thread, and pages need some too."""
_waiting = BoundedSemaphore(MAX_WAITING)


@dataclass(frozen=True, slots=True)
class Served:
    """The exact bytes for a node, with the value of their signature header."""

    body: bytes
    signature: str


def etag_of(snapshot: Snapshot, *, node: str) -> str:
    """A strong validator: the bytes are the same if and only if the number and the node are."""
    return f'"{snapshot.number}-{node}"'


def serve(snapshot: Snapshot, *, node: str, at: datetime) -> Served:
    """Address and sign; the same snapshot always gives the same bytes. Raises PublishError("not_authentic")."""
    body = addressed(document_of(snapshot), node=node)
    return Served(body, signing.sign(body, current_key(at=at)))


def common_format(named: Iterable[str]) -> str | None:
    """The newest format that the node names and this server writes, or None; a node that names none reads the first."""
    formats = [name.strip() for name in named if name.strip()] or [wire.FORMATS[-1]]
    return next((known for known in wire.FORMATS if known in formats), None)


def wait_for_news(*, organisation_id: int, number: int, seconds: float) -> None:
    """Return when a higher number is published, or the time is over, or too many wait already.

    Looks twice a second with one indexed query, and holds no transaction and no lock while it sleeps.
    """
    if not _waiting.acquire(blocking=False):
        return
    try:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and latest_number(organisation_id=organisation_id) <= number:
            time.sleep(min(TICK_SECONDS, max(0.0, deadline - time.monotonic())))
    finally:
        _waiting.release()


def reconcile(*, organisation_id: int, node: str, live_number: int | None, live_sha256: str, at: datetime) -> int:
    """Compare what a node enforces with what was published; returns the number that it should have.

    A node that is ahead of the database, or that holds another text under the same number, will never take what comes
    next unless its number is higher: so the numbering goes on above it.
    """
    latest = latest_snapshot(organisation_id=organisation_id)
    if latest is None:
        return 0
    if live_number is None or live_number < latest.number:
        return latest.number
    try:
        if live_number == latest.number and live_sha256 in ("", _sha256(latest, node=node)):
            return latest.number
        return number_above(live_number, organisation_id=organisation_id, at=at, node=node).number
    except PublishError:
        return latest.number


def _sha256(snapshot: Snapshot, *, node: str) -> str:
    return hashlib.sha256(addressed(document_of(snapshot), node=node)).hexdigest()
