"""Joins parsedmarc's output to the pipeline: each report enters as a message of its own, whose bytes are its JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from reports.ingest.files import BATCH_BYTES, BATCH_MESSAGES, FileMail, Take
from reports.ingest.outcome import Result
from reports.ingest.parsedmarc.spans import tells_utc
from reports.ingest.parsedmarc.values import entries, entry

LOCAL_TIMES = ("begin_date", "end_date")


class Told(NamedTuple):
    """One report of an output: the file or table it is in, its number there, and its JSON object."""

    place: str
    number: int
    report: dict[str, Any]


def take_reports(told: Iterable[Told], *, take: Take, zone: ZoneInfo | None = None) -> Iterator[tuple[Told, Result]]:
    """Hand the reports to `take` in bounded batches and yield how each ended, in order.

    `zone` is the time zone of the machine that parsedmarc ran on, for outputs that do not tell (before parsedmarc 9).
    """
    batch: list[tuple[Told, bytes]] = []
    size = 0
    for each in told:
        data = _bytes_of(each.report, zone)
        batch.append((each._replace(report={}), data))
        size += len(data)
        if len(batch) >= BATCH_MESSAGES or size >= BATCH_BYTES:
            yield from _flush(batch, take)
            size = 0
    yield from _flush(batch, take)


def _flush(batch: list[tuple[Told, bytes]], take: Take) -> Iterator[tuple[Told, Result]]:
    mails = [FileMail(Path(f"{Path(told.place).name}#{told.number}"), data) for told, data in batch]
    ended = take(mails) if mails else []
    yield from zip([told for told, _ in batch], ended, strict=True)
    batch.clear()


def _bytes_of(report: dict[str, Any], zone: ZoneInfo | None) -> bytes:
    """The object as kept: equal for equal objects, however the file was laid out."""
    if zone and report.get("report_metadata") and not any(map(tells_utc, entries(report, "records"))):
        metadata = entry(report, "report_metadata")
        report = report | {"report_metadata": {**metadata, **_with_offsets(metadata, zone)}}
    try:
        return json.dumps(report, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    except RecursionError:  # so deep that it could only just be read; no report of parsedmarc's is
        return b"{}"


def _with_offsets(metadata: Mapping[str, Any], zone: ZoneInfo) -> dict[str, str]:
    """The local times with their offset, so that reading the message again needs no zone."""
    found = {}
    for name in LOCAL_TIMES:
        try:
            local = datetime.fromisoformat(str(metadata.get(name)))
        except ValueError:
            continue
        found[name] = (local if local.tzinfo else local.replace(tzinfo=zone)).isoformat()
    return found
