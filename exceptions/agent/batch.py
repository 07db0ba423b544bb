"""Turns stream entries into one request: failures in full, passes folded into hourly counts. Sends nothing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from exceptions.agent.stream import Entry

MAX_ENTRY = 16 * 1024
HOUR = 3_600
LATEST = 2**53


@dataclass(frozen=True, slots=True)
class Batch:
    """`document` is the body of POST events; `broken` are the ids of entries that say nothing readable."""

    document: dict[str, list[dict[str, Any]]]
    broken: tuple[str, ...]


def fold(entries: list[Entry]) -> Batch:
    """Read entries; the same entries always make the same document.

    Every count carries one `batch` id made of the ids of the passes in it, by which the server knows a repetition.
    """
    events: list[dict[str, Any]] = []
    counts: Counter[tuple[int, str, str]] = Counter()
    passes: list[str] = []
    broken: list[str] = []
    for entry in entries:
        kind, value = _value(entry)
        if kind == "event" and value and isinstance(value.get("id"), str):
            events.append(value)
        elif kind == "pass" and value and _count(value, counts):
            passes.append(entry.id)
        else:
            broken.append(entry.id)
    batch = hashlib.sha256(" ".join(passes).encode()).hexdigest()[:32]
    folded = [
        {"at": at, "source_ip": source, "header_from": domain, "count": count, "batch": batch}
        for (at, source, domain), count in sorted(counts.items())
    ]
    return Batch({"events": events, "passes": folded}, tuple(broken))


def _value(entry: Entry) -> tuple[str, dict[str, Any] | None]:
    """Which field the entry has, and the object in it; None where it is none, or larger than any honest one."""
    kind = "event" if "event" in entry.fields else "pass"
    text = entry.fields.get(kind, b"")
    if len(text) > MAX_ENTRY:
        return kind, None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return kind, None
    return kind, value if isinstance(value, dict) else None


def _count(value: dict[str, Any], counts: Counter[tuple[int, str, str]]) -> bool:
    at, source, domain = value.get("at"), value.get("source_ip"), value.get("header_from")
    count = value.get("count", 1)
    if not isinstance(at, int | float) or not 0 <= at <= LATEST or not isinstance(count, int) or count < 1:
        return False
    if not isinstance(source, str) or not isinstance(domain, str):
        return False
    counts[int(at) // HOUR * HOUR, source, domain] += count
    return True
