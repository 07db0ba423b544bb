"""The value between filing a report and writing it: its content with the places where it belongs. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from reports.dto import AggregateReport, FailureReport
from reports.vocabulary import Kind

Key = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class FiledAggregate:
    """One report with the places where it belongs."""

    message_id: int
    payload_index: int
    domain_id: int
    day: date
    key: Key
    content: AggregateReport
    filename: str = ""


@dataclass(frozen=True, slots=True)
class FiledFailure:
    """The same of a failure report."""

    message_id: int
    payload_index: int
    domain_id: int
    day: date
    identity: bytes
    content: FailureReport
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class Before:
    """The row that the same payload had before its message was read again: its addresses must go on leading somewhere."""

    pk: int
    stored_at: datetime


Place = tuple[Kind, int, int]
"""A kind of report, a message's id and the index of a payload in it."""
