"""The bytes of one stored report as its reporter made them, unpacked again from the raw message. Changes nothing."""

from __future__ import annotations

from reports.ingest.extraction import extract
from reports.ingest.raw import bytes_of
from reports.models import AggregateReport
from reports.sealing import SealBroken


class OriginalGone(Exception):
    """The raw message was removed, cannot be unsealed, or no longer holds the report at its place."""


def original(report: AggregateReport) -> bytes:
    """The report's XML, unpacked but not mended. Raises OriginalGone, or RawStoreError where the bucket is away."""
    message = report.message
    if message.raw is None:
        raise OriginalGone
    try:
        data = bytes_of(message.raw)
    except SealBroken as error:
        raise OriginalGone from error
    payloads = extract(data, filename=message.filename).payloads
    found = next((payload.data for payload in payloads if payload.index == report.payload_index), None)
    if found is None:
        raise OriginalGone
    return found
