"""Notes of objects that no row names: before they are put, and after their row has gone.

A note is committed before its object is put, and goes in the transaction that writes the row. So whatever dies where it
likes, every object has its row or its note, and no listing of the bucket is ever needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from django.db import connection, transaction

from reports.ingest.raw.opening import at_once
from reports.ingest.raw.ownership import owned_bucket
from reports.models import LooseObject

PUT_WITHIN = "1 day"
"""For so long an object may be on its way into a row; afterwards whoever put it is dead."""
TOGETHER = 500
_IS_NAMED = """
SELECT name FROM unnest(%s::text[]) AS n(name) JOIN reports_rawmessage r
    ON r.organisation_id = split_part(name, '/', 1)::bigint AND r.sha256 = decode(split_part(name, '/', 2), 'hex')
WHERE r.object_key IS NOT NULL
"""


@transaction.atomic(durable=True)
def expect(names: Collection[str]) -> None:
    """Note objects that are about to be put, and commit that. What is being deleted under one of the names is waited for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO reports_looseobject (name, due_at) SELECT name, now() + %s::interval "
            "FROM unnest(%s::text[]) AS n(name) ORDER BY name "
            "ON CONFLICT (name) DO UPDATE SET due_at = EXCLUDED.due_at",
            [PUT_WITHIN, list(names)],
        )


def adopt(names: Collection[str]) -> set[str]:
    """Take the notes of objects that get their rows in this transaction; answers whose. An object without a note is not ours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH mine AS (SELECT name FROM reports_looseobject WHERE name = ANY(%s) ORDER BY name FOR UPDATE) "
            "DELETE FROM reports_looseobject l USING mine WHERE l.name = mine.name RETURNING l.name",
            [list(names)],
        )
        return {name for (name,) in cursor.fetchall()}


def let_go(*, clock: Callable[[], datetime], until: datetime) -> int:
    """Delete what is due and has no row, until nothing is left or the time is up; answers how many objects.

    Any number of workers may do this at once. Raises RawStoreError; what is left then is left to the next run.
    """
    if not LooseObject.objects.filter(due_at__lte=until).exists():
        return 0
    store, deleted = owned_bucket(), 0
    while clock() < until:
        with transaction.atomic():
            due = LooseObject.objects.filter(due_at__lte=clock()).order_by("due_at", "name")
            names = list(due.select_for_update(skip_locked=True).values_list("name", flat=True)[:TOGETHER])
            if not names:
                break
            alone = sorted(set(names) - _named(names))
            if alone:
                at_once(store.delete, alone)
            LooseObject.objects.filter(name__in=names).delete()
        deleted += len(alone)
    return deleted


def _named(names: Collection[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_IS_NAMED, [list(names)])
        return {name for (name,) in cursor.fetchall()}
