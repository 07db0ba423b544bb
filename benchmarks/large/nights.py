"""What the nights of a large installation cost: comparing all sums with their rows, and letting a month go.

`python -m benchmarks.large.nights` works on a filled database, and takes its oldest month away. While it works, somebody else
goes on reading and writing: the longest that they had to wait tells how short the locks are. Prints one JSON line for each
piece of work: `seconds`, `peak_memory_mib` of this process, `backend_memory_mib` of the PostgreSQL process that works for it.
"""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")
django.setup()

from django.db import connection  # noqa: E402  (models exist only once Django is set up)
from django.db.models import Min  # noqa: E402
from django.utils import timezone  # noqa: E402

from reports.models import AggregateReport, AggregateRow, Domain, Retention  # noqa: E402
from reports.partitions import Month, months_made  # noqa: E402
from reports.retention.run import apply_retention, preview  # noqa: E402
from reports.rollups.buckets import Bucket  # noqa: E402
from reports.rollups.build import rebuild  # noqa: E402
from reports.rollups.check import check_rollups  # noqa: E402

HELD = "d3.example"
LOOK_EVERY = 0.02


def main() -> None:
    at, rows = timezone.now(), AggregateRow.objects.count()
    with _measured("check_rollups", rows=rows) as found:
        check = check_rollups(at=at, repair=False)
        found |= {"buckets": check.buckets, "differing": check.differing}
    oldest = AggregateReport.objects.aggregate(day=Min("day"))["day"]
    days = (at.date() - Month.of(oldest + timedelta(days=31)).first).days
    Retention.objects.create(organisation_id=1, reports=days, ledger=days, raw=days)
    Domain.objects.filter(name=HELD).update(held_at=at, held_by_name="Ann", hold_reason="A benchmark.")
    with _measured("retention_dry_run", rows=rows) as found:
        found |= {"due": preview(1, at=at)}
    months = len(months_made())
    with _measured("retention", rows=rows) as found:
        found |= {"gone": apply_retention(at=at)[1]}
    print(
        json.dumps(
            {
                "work": "retention",
                "months_dropped": months - len(months_made()),
                "rows_left": AggregateRow.objects.count(),
            }
        )
    )


@contextmanager
def _measured(work: str, *, rows: int) -> Iterator[dict[str, Any]]:
    """Print what the block cost; what it puts into the dictionary is printed too."""
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    done, memory, waits = Event(), [0.0], {"read": 0.0, "write": 0.0}
    others = [
        Thread(target=_watch, args=(backend, memory, done)),
        Thread(target=_go_on, args=("read", _read, waits, done)),
        Thread(target=_go_on, args=("write", _write, waits, done)),
    ]
    for other in others:
        other.start()
    start = time.monotonic()
    try:
        yield found
    finally:
        seconds = time.monotonic() - start
        done.set()
        for other in others:
            other.join()
    line = {
        "work": work,
        "rows": rows,
        "seconds": round(seconds, 1),
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "backend_memory_mib": round(memory[0]),
        "longest_wait_of_readers_s": round(waits["read"], 2),
        "longest_wait_of_writers_s": round(waits["write"], 2),
    }
    print(json.dumps(line | found), flush=True)


def _watch(backend: int, memory: list[float], done: Event) -> None:
    """The greatest memory of the backend's own, without what all backends share."""
    while not done.wait(LOOK_EVERY):
        status = Path(f"/proc/{backend}/status").read_text(encoding="utf-8")
        own = next(line for line in status.splitlines() if line.startswith("RssAnon"))
        memory[0] = max(memory[0], int(own.split()[1]) / 1024)


def _go_on(name: str, act: Callable[[], None], waits: dict[str, float], done: Event) -> None:
    while not done.wait(LOOK_EVERY):
        start = time.monotonic()
        act()
        waits[name] = max(waits[name], time.monotonic() - start)
    connection.close()


def _read() -> None:
    """A page of one report."""
    day = timezone.now().date() - timedelta(days=2)
    list(AggregateRow.objects.filter(organisation_id=1, domain_id=1001, day=day).order_by("report_id", "position")[:50])


def _write() -> None:
    """What a worker does at the end of a batch."""
    rebuild([Bucket(1, 1150, timezone.now().date() - timedelta(days=2))])


if __name__ == "__main__":
    main()
