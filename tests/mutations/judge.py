"""Owns what a good answer to any bytes is: a reading with an explained end, of values that the database can hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from reports.ingest.outcome import Kept, conclude
from reports.ingest.read import read
from reports.vocabulary import Outcome, Reason, RepairCode

LARGEST_INTEGER = (1 << 63) - 1
# What an aggregate report, a row, and the list of problems may hold at most; far beyond any real one.
LONGEST_TEXT = 1 << 20


class Odd(Exception):
    """A reading that could not be kept, or that leaves something unexplained."""


def judge(data: bytes) -> str:
    """Read the bytes and return how they would end; raises Odd, and whatever escapes from reading."""
    reading = read(data, filename="report.xml.gz")
    result = conclude(reading, [Kept(is_new=True) for _ in reading.reports])
    reasons = [*filter(None, [result.reason]), *(problem.code for problem in result.problems)]
    repairs = [repair.code for report in reading.reports for repair in report.content.repairs]
    if unnamed := [*(set(reasons) - set(Reason)), *(set(repairs) - set(RepairCode))]:
        raise Odd(f"no such reasons or repairs: {unnamed}")
    if result.outcome != Outcome.STORED and not result.reason:
        raise Odd(f"{result.outcome} without a reason")
    for path, value in _values(reading, "reading"):
        if isinstance(value, int) and not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            raise Odd(f"{path} is {value}")
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise Odd(f"{path} has {len(value)} characters")
    return str(result.outcome)


def _values(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if is_dataclass(value):
        for field in fields(value):
            yield from _values(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, tuple | list | frozenset):
        for each in value:
            yield from _values(each, path)
    elif not isinstance(value, IPv4Address | IPv6Address):
        yield path, value
