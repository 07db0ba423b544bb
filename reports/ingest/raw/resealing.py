"""Seals objects of the bucket anew with the newest key, each in its place."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Count

from reports.ingest.raw.opening import at_once, bucket, object_of
from reports.ingest.raw.ownership import owned_bucket
from reports.ingest.raw.packing import RawDamaged, longest, unpack_object
from reports.models import RawMessage
from reports.sealing import Purpose, key_name_of, known_key_names, seal, unseal

TOGETHER = 200
log = logging.getLogger(__name__)


def keys_of_objects() -> Counter[str]:
    """How many objects each key sealed, by its name in hex."""
    rows = RawMessage.objects.filter(object_key__isnull=False).values("object_key").order_by("object_key")
    return Counter({row["object_key"]: row["values"] for row in rows.annotate(values=Count("pk"))})


def reseal_objects() -> Iterator[int]:
    """Seal every object that another key sealed with the newest one; yields how many in each transaction.

    A run that was ended goes on with the next one. An object that is gone or damaged is named in the log and passed over;
    one whose key is missing raises `reports.sealing.SealBroken` before its row is changed.
    """
    newest = known_key_names()[0].hex()
    if keys_of_objects():
        owned_bucket()
    after = 0
    others = RawMessage.objects.filter(object_key__isnull=False).exclude(object_key=newest).order_by("pk")
    while True:
        with transaction.atomic():
            rows = list(others.filter(pk__gt=after).select_for_update(no_key=True)[:TOGETHER])
            if not rows:
                return
            done = [pk for pk in at_once(_resealed, rows) if pk is not None]
            RawMessage.objects.filter(pk__in=done).update(object_key=newest)
            after = rows[-1].pk
        yield len(done)


def _resealed(raw: RawMessage) -> int | None:
    """Seal one object anew unless the newest key sealed it already; its row's id, or None where it is damaged."""
    store, name = bucket(), object_of(raw)
    try:
        body = store.get(name, limit=longest(raw.size))
        unpack_object(body, of=raw)
    except RawDamaged as error:
        log.error("object %s cannot be sealed anew: %s", name, error)
        return None
    if key_name_of(body) != known_key_names()[0]:
        store.put(name, seal(unseal(body, purpose=Purpose.RAW_MESSAGE), purpose=Purpose.RAW_MESSAGE))
    return raw.pk
