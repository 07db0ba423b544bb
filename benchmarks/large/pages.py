"""How long the server takes for each page of a large installation, asked through Django's test client by a person logged in.

`python -m benchmarks.large.pages ROUNDS` asks every address of a page ROUNDS times after one unmeasured time (more often where they
are few, unless ROUNDS is 1), and prints one JSON line for each page: `p50_ms` and `p95_ms` of the whole request (session, viewer, queries, template), `first_ms` of the
slowest unmeasured one, when nothing is remembered, `cpu_ms` of an average one (this process and its PostgreSQL backend: where
others work on the machine too, the time on the clock says little), `queries` of the one with the most. What shows a year, and
filters that no index knows, are told apart as `wide`. Fails where a page does not answer 200.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")
django.setup()

from django.conf import settings  # noqa: E402  (models exist only once Django is set up)
from django.db import connection  # noqa: E402
from django.db.models import Sum  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from benchmarks.large.fill import VIEWER  # noqa: E402
from benchmarks.measure import SYSTEM, TICKS, USER  # noqa: E402
from dmarcsite.models import User  # noqa: E402
from dmarcsite.wsgi import application  # noqa: E402, F401  (loads all that the web server has loaded)
from reports.models import AggregateReport, AggregateRow, FailureReport, Message, SourceDay, TlsReport  # noqa: E402

OBJECTS = 20
"""So many different things of a kind are looked at: half of them the largest there are."""


def main() -> None:
    # As the tests have them: names of static files do not wait for `collectstatic`.
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(email=VIEWER))
    rows, rounds = AggregateRow.objects.count(), int(sys.argv[1])
    least = OBJECTS if rounds > 1 else 1
    backend = _backend()
    for kind, found in (("page", pages()), ("wide", wide())):
        for page, paths in found.items():
            first = max(_milliseconds(client, path) for path in paths)
            queries = max(_queries(client, path) for path in paths)
            before = time.process_time() + _cpu(backend)
            taken = sorted(
                _milliseconds(client, path) for _ in range(max(rounds, least // len(paths))) for path in paths
            )
            cpu = 1000 * (time.process_time() + _cpu(backend) - before) / len(taken)
            middle, late = (round(taken[int(len(taken) * share)], 1) for share in (0.5, 0.95))
            times = {"p50_ms": middle, "p95_ms": late, "first_ms": round(first, 1), "cpu_ms": round(cpu, 1)}
            line = {kind: page, "rows": rows, "requests": len(taken), **times, "queries": queries}
            print(json.dumps(line), flush=True)


def pages() -> Mapping[str, Sequence[str]]:
    """The addresses of each page; the figures of what is asked for by date end yesterday."""
    domains = [f"domain=d{number}.example" for number in (1, 2, 5, 30, 90, 199)]
    scopes = ["", *domains, "lens=here"]
    tabs = ["tab=needs-decision", "tab=fixable", "tab=suspicious", "tab=aligned", "tab=excepted"]
    return {
        "overview": [f"/?{scope}" for scope in scopes],
        "domains": ["/domains/", "/domains/?page=2"],
        "sources": [f"/sources/?{scope}" for scope in [*scopes, *tabs, "page=20", "sort=address"]],
        "source": [f"/sources/{pk}/" for pk in _sources()],
        "reports": [
            f"/reports/?{filters}"
            for filters in ("", "page=2", "domain=d1.example", "domain=d150.example", "days=30", "status=failing")
        ],
        "report": [f"/reports/{pk}/" for pk in _reports()],
        "failures": [f"/failures/?{filters}" for filters in ("", "page=3", "domain=d1.example", "days=30")],
        "failure": [f"/failures/{pk}/" for pk in FailureReport.objects.order_by("-pk").values_list("pk", flat=True)[:OBJECTS]],
        "TLS": ["/tls/", "/tls/?domain=d1.example", "/tls/?page=2"],
        "TLS report": [f"/tls/{pk}/" for pk in TlsReport.objects.order_by("-pk").values_list("pk", flat=True)[:OBJECTS]],
        "ingestion": ["/ingestion/", "/ingestion/?page=2", "/ingestion/?outcome=not_a_report", "/ingestion/?days=30"],
        "message": [
            f"/ingestion/messages/{pk}/" for pk in Message.objects.order_by("-received_at").values_list("pk", flat=True)[:OBJECTS]
        ],
        "exceptions": ["/exceptions/"],
    }  # fmt: skip


def wide() -> Mapping[str, Sequence[str]]:
    """What must look at a year, or at every report."""
    return {
        "sources by service": ["/sources/?group=service", "/sources/?group=service&domain=d1.example"],
        "overview, 90 days": ["/?days=90"],
        "overview, 365 days": ["/?days=365"],
        "sources, 365 days": ["/sources/?days=365"],
        "source, 365 days": [f"/sources/{pk}/?days=365" for pk in _sources()],
        "TLS, 365 days": ["/tls/?days=365"],
        "reports by part of a name": ["/reports/?reporter=receiver3.example"],
        "reports in the order of failures": ["/reports/?sort=-failing"],
    }


def _sources() -> list[int]:
    sums = SourceDay.objects.filter(organisation_id=1).order_by("-day").values("day")[:1]
    of_day = SourceDay.objects.filter(organisation_id=1, day__in=sums).values("source_id").annotate(sum=Sum("messages"))
    found = [row["source_id"] for row in of_day.order_by("-sum", "source_id")]
    return [*found[: OBJECTS // 2], *found[-OBJECTS // 2 :]]


def _reports() -> Iterator[int]:
    recent = (
        AggregateReport.objects.filter(organisation_id=1).order_by("-begin", "-pk")[:20000].values_list("rows", "pk")
    )
    found = sorted(recent, reverse=True)
    for _rows, pk in (*found[: OBJECTS // 2], *found[:: len(found) // (OBJECTS // 2) or 1][: OBJECTS // 2]):
        yield pk


def _backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[USER]) + int(fields[SYSTEM])) / TICKS


def _queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        _milliseconds(client, path)
    return len(captured)


def _milliseconds(client: Client, path: str) -> float:
    start = time.perf_counter()
    response = client.get(path)
    taken = 1000 * (time.perf_counter() - start)
    if response.status_code != 200:
        sys.exit(f"{path} answers {response.status_code}")
    return taken


if __name__ == "__main__":
    main()
