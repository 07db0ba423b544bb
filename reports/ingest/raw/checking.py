"""Whether the bucket still holds what rows say of it: after a restore, or from time to time. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from reports.ingest.raw.keeping import bytes_of_object
from reports.ingest.raw.opening import at_once, bucket, object_of
from reports.models import RawMessage
from reports.sealing import SealBroken

TOGETHER = 500


def objects() -> int:
    """How many rows have their bytes in the bucket."""
    return RawMessage.objects.filter(object_key__isnull=False).count()


def check_objects(*, is_read: bool) -> Iterator[tuple[int, list[RawMessage]]]:
    """How many were looked at, part by part, and which of them are gone; or, where each is read, are damaged or without key.

    Raises RawStoreError.
    """

    def is_well(raw: RawMessage) -> bool:
        if not is_read:
            return bucket().has(object_of(raw))
        try:
            bytes_of_object(raw)
        except SealBroken:
            return False
        return True

    rows, after = RawMessage.objects.filter(object_key__isnull=False).order_by("pk"), 0
    while part := list(rows.filter(pk__gt=after)[:TOGETHER]):
        found = at_once(is_well, part)
        yield len(part), [raw for raw, well in zip(part, found, strict=True) if not well]
        after = part[-1].pk
