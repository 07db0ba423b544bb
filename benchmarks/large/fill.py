"""Fills one empty, migrated database with a large installation: on the server itself, the same content every time.

`python -m benchmarks.large.fill ROWS` makes at least so many rows over DAYS days that end yesterday, with all that belongs
to them: mails, reports, sources, identities, failure and TLS reports, judged mail. The daily sums are the product's own work.
Prints what it made as one JSON object. Fails where it made too little.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from math import ceil
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")
django.setup()

from django.db import connection, connections, transaction  # noqa: E402  (models exist only once Django is set up)
from django.utils import timezone  # noqa: E402

from dmarcsite.models import User  # noqa: E402
from reports.models import AggregateReport, AggregateRow, Domain, Membership, Organisation, SourceDay  # noqa: E402
from reports.partitions import make_months  # noqa: E402
from reports.rollups.buckets import Bucket  # noqa: E402
from reports.rollups.build import rebuild  # noqa: E402
from reports.sealing import Purpose, seal  # noqa: E402
from reports.vocabulary import DomainKind, Role  # noqa: E402

DAYS = 400
MEAN = 20.9
"""Rows of a report on average, as span.sql draws them."""
SPAN = 10
"""Days that are made in one transaction."""
VIEWER = "ann@example.com"
_HERE = Path(__file__).parent
_DETAILS = {"original_mail_from": "somebody@example.com", "original_rcpt_to": ["other@example.net"], "subject": "Hello"}


def main() -> None:
    rows, start = int(sys.argv[1]), time.monotonic()
    today = timezone.now().date()
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)]
    size = {
        "domains": min(200, max(20, rows // 100_000)),
        "sources": min(150_000, max(1000, rows // 130)),
        "kinds": min(1060, 60 + max(40, rows // 20_000)),
    }
    _begin(days, size=size)
    connections.close_all()  # a connection must not be shared by two processes
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("fork")) as pool:
        reports = ceil(rows / MEAN / DAYS)
        common: dict[str, date | int | bytes] = {**size, "start": days[0], "reports": reports}
        list(pool.map(_span, [{**common, "first": first, "last": last} for first, last in _spans(days)]))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # else the sums are planned for empty tables
        connections.close_all()
        filled = time.monotonic()
        list(pool.map(_sums, days))
    summed = time.monotonic()
    _settle()
    made = {
        "rows": AggregateRow.objects.count(),
        "reports": AggregateReport.objects.count(),
        "source_sums": SourceDay.objects.count(),
        "filling_s": round(filled - start),
        "sums_s": round(summed - filled),
    }
    if made["rows"] < rows:
        sys.exit(f"only {made['rows']} of {rows} rows were made")
    print(json.dumps(made))


def _begin(days: list[date], *, size: dict[str, int]) -> None:
    organisation = Organisation.objects.create(pk=1, name="Benchmark", slug="benchmark")
    Domain.objects.create(organisation=organisation, name="*", kind=DomainKind.FOREIGN)
    user = User.objects.create_user(VIEWER, name="Ann")
    Membership.objects.create(user=user, organisation=organisation, role=Role.ANALYST)
    make_months(days, at=timezone.now())
    with transaction.atomic():
        _script("base.sql", {**size})


def _spans(days: list[date]) -> Iterator[tuple[date, date]]:
    for place in range(0, len(days), SPAN):
        part = days[place : place + SPAN]
        yield part[0], part[-1]


def _span(parameters: dict[str, date | int | bytes]) -> None:
    sealed = {
        "details": seal(json.dumps(_DETAILS).encode(), purpose=Purpose.FAILURE_DETAILS),
        "sample": seal(b"Subject: Hello\r\n\r\n", purpose=Purpose.FAILURE_SAMPLE),
        "recipients": seal(b'["other@example.net"]', purpose=Purpose.EVENT_RECIPIENTS),
    }
    with transaction.atomic():
        _script("span.sql", {**parameters, **sealed})


def _script(name: str, parameters: dict[str, date | int | bytes]) -> None:
    with connection.cursor() as cursor:
        for statement in (_HERE / name).read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                cursor.execute(statement, parameters)


def _sums(day: date) -> None:
    domains = Domain.objects.values_list("organisation_id", "pk")
    rebuild(Bucket(organisation_id, pk, day) for organisation_id, pk in domains)


def _settle() -> None:
    """What the database does by itself in the course of months: ids go on, statistics and visibility are known."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_kind")
        for table in (
            "message",
            "aggregatereport",
            "failurereport",
            "tlsreport",
            "tlspolicy",
            "rawmessage",
            "source",
            "domain",
        ):
            name = f"reports_{table}"
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}")
        cursor.execute("VACUUM (ANALYZE)")


if __name__ == "__main__":
    main()
