"""Moves the bytes of mails to the place that the settings name, in small transactions while the application works.

A run that is ended goes on with the next one, since what was moved says so itself. The old copy goes only after the new
one was read back and found to hold the bytes of its row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum

from reports.ingest.raw import loose
from reports.ingest.raw.opening import at_once, bucket, object_of
from reports.ingest.raw.ownership import owned_bucket
from reports.ingest.raw.packing import longest, unpack_object
from reports.models import RawMessage
from reports.sealing import SealBroken, key_name_of

TOGETHER = 200
BYTES_TOGETHER = 32 << 20


@dataclass(frozen=True, slots=True)
class Moved:
    """What one transaction did: how many mails it looked at, how many of them moved, and which are damaged or without key."""

    seen: int
    moved: int
    left: tuple[int, ...] = ()


def waiting() -> tuple[int, int]:
    """How many mails lie in the other place, and their bytes before compression."""
    rows = _elsewhere()
    return rows.count(), rows.aggregate(sum=Sum("size"))["sum"] or 0


def move_all() -> Iterator[Moved]:
    """Move what lies in the other place, part by part. Raises RawStoreError; what was moved until then stays moved."""
    after = 0
    while part := _part(after):
        yield _into_bucket(part) if settings.RAW_INTO_BUCKET else _into_rows(part)
        after = part[-1]


def _elsewhere() -> QuerySet[RawMessage]:
    return RawMessage.objects.filter(object_key__isnull=settings.RAW_INTO_BUCKET)


def _part(after: int) -> list[int]:
    """The next rows that memory holds together; at least one."""
    found = list(_elsewhere().filter(pk__gt=after).order_by("pk").values_list("pk", "size")[:TOGETHER])
    sizes = accumulate(size for _, size in found)
    fitting = sum(1 for _ in takewhile(lambda total: total <= BYTES_TOGETHER, sizes))
    return [pk for pk, _ in found[: max(1, fitting)]]


def _locked(part: Sequence[int]) -> list[RawMessage]:
    """Against whoever deletes or seals anew meanwhile; who refers to the rows need not wait."""
    return list(_elsewhere().filter(pk__in=part).order_by("pk").select_for_update(no_key=True))


def _into_bucket(part: Sequence[int]) -> Moved:
    store = owned_bucket()

    def put(raw: RawMessage) -> str | None:
        """The name of the key of what was put, once that was read back; None where the row's own copy does not open."""
        body, name = bytes(raw.sealed or b""), object_of(raw)
        try:
            unpack_object(body, of=raw)
        except SealBroken:
            return None
        store.put(name, body)
        unpack_object(store.get(name, limit=len(body)), of=raw)
        return key_name_of(body).hex()

    loose.expect([object_of(raw) for raw in RawMessage.objects.filter(pk__in=part).defer("sealed")])
    with transaction.atomic():
        rows = _locked(part)
        keys = dict(zip(rows, at_once(put, rows), strict=True))
        ours = loose.adopt([object_of(raw) for raw, key in keys.items() if key])
        moving = [raw for raw, key in keys.items() if key and object_of(raw) in ours]
        for raw in moving:
            raw.sealed, raw.object_key = None, keys[raw]
        RawMessage.objects.bulk_update(moving, ["sealed", "object_key"])
    return Moved(len(part), len(moving), tuple(raw.pk for raw, key in keys.items() if key is None))


def _into_rows(part: Sequence[int]) -> Moved:
    store = bucket()

    def get(raw: RawMessage) -> bytes | None:
        try:
            body = store.get(object_of(raw), limit=longest(raw.size))
            unpack_object(body, of=raw)
        except SealBroken:
            return None
        return body

    with transaction.atomic():
        rows = _locked(part)
        bodies = dict(zip(rows, at_once(get, rows), strict=True))
        moving = [raw for raw, body in bodies.items() if body is not None]
        for raw in moving:
            raw.sealed, raw.object_key = bodies[raw], None
        RawMessage.objects.bulk_update(moving, ["sealed", "object_key"], batch_size=20)
    return Moved(len(part), len(moving), tuple(raw.pk for raw, body in bodies.items() if body is None))
