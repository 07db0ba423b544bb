"""Reads messages again from the bytes in the ledger, in parts that fit into a transaction each. Stores nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.db.models.expressions import RawSQL

from reports.ingest.copying import array_of
from reports.ingest.outcome import Reading
from reports.ingest.raw import with_bytes
from reports.ingest.read import read
from reports.models import Message, RawMessage
from reports.sealing import SealBroken

ROWS_TOGETHER = 20_000
BYTES_TOGETHER = 2 << 20
"""Of mails that are fetched from the database at once, where one is not larger alone."""
_COLUMNS = ("filename", *(f"raw__{field.name}" for field in RawMessage._meta.concrete_fields))
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """Messages that were read for one transaction; `last` is the last one looked at, `left_out` says why some are not there."""

    readings: Sequence[tuple[int, Reading]]
    left_out: Sequence[str]
    last: int


def read_in_parts(pks: Sequence[int]) -> Iterator[Part]:
    """The messages, read, in the order of their ids, ROWS_TOGETHER or a little more at a time. Raises RawStoreError."""
    readings: list[tuple[int, Reading]] = []
    left_out: list[str] = []
    rows = 0
    for message, data in with_bytes(_messages(pks)):
        reading, why = _read(message, data)
        if reading is None:
            left_out.append(why)
            continue
        readings.append((message.pk, reading))
        rows += reading.rows
        if rows >= ROWS_TOGETHER:
            yield Part(readings, left_out, message.pk)
            readings, left_out, rows = [], [], 0
    yield Part(readings, left_out, pks[-1])


def read_those(pks: Iterable[int]) -> list[tuple[int, Reading]]:
    """The readings of these messages, as far as they can be read. Raises RawStoreError."""
    found = [(message.pk, _read(message, data)[0]) for message, data in with_bytes(_messages(pks))]
    return [(pk, reading) for pk, reading in found if reading is not None]


def _messages(pks: Iterable[int]) -> Iterator[Message]:
    """Some at a time, since each holds its bytes. No cursor stays open where the bucket does not answer in between."""
    ended = Message.objects.filter(outcome__isnull=False).order_by("pk")
    for batch in _batches(ended.filter(pk__in=_listed(pks)).values_list("pk", "raw__size")):
        yield from ended.filter(pk__in=_listed(batch)).select_related("raw").only(*_COLUMNS)


def _listed(pks: Iterable[int]) -> RawSQL:
    """As one value: Django and psycopg take longer for a thousand than PostgreSQL to look them up."""
    return RawSQL("SELECT unnest(%s::bigint[])", [array_of(pks)])


def _batches(sizes: Iterable[tuple[int, int | None]]) -> Iterator[list[int]]:
    """The ids, by and by, of messages with some BYTES_TOGETHER."""
    before = 0

    def number(head: tuple[int, int | None]) -> int:
        nonlocal before
        before += head[1] or 0
        return before // BYTES_TOGETHER

    for _, batch in groupby(sizes, number):
        yield [pk for pk, _ in batch]


def _read(message: Message, data: bytes | SealBroken | None) -> tuple[Reading | None, str]:
    if data is None:
        return None, "bytes_gone"
    if isinstance(data, SealBroken):
        return None, "key_gone"
    try:
        return read(data, filename=message.filename), ""
    except Exception:  # a fault of ours in one message must not hold up the others
        log.exception("message %d cannot be read again", message.pk)
        return None, "reader_failed"
