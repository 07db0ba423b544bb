"""Tells snapshots that this application wrote from rows that somebody put into the database. Writes and serves nothing.

A snapshot is what gets signed. Whoever can write to the database but does not have the application's secret must not get
rules signed that nobody approved.
"""

from __future__ import annotations

import hmac

from django.utils.crypto import salted_hmac

from exceptions.errors import PublishError
from exceptions.models import Snapshot


def mac(document: bytes, *, organisation_id: int, number: int) -> str:
    """HMAC-SHA256 in hex with the application's secret, over the document and its place."""
    value = f"{organisation_id} {number} ".encode() + document
    return salted_hmac("exceptions.publishing.snapshot", value, algorithm="sha256").hexdigest()


def is_authentic(snapshot: Snapshot) -> bool:
    document = bytes(snapshot.document)
    expected = mac(document, organisation_id=snapshot.organisation_id, number=snapshot.number)
    return hmac.compare_digest(expected.encode(), snapshot.mac.encode())


def document_of(snapshot: Snapshot) -> bytes:
    """The document of an authentic snapshot. Raises PublishError("not_authentic")."""
    if not is_authentic(snapshot):
        raise PublishError("not_authentic", number=snapshot.number)
    return bytes(snapshot.document)
