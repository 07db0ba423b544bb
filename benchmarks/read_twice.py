"""One process that reads an mbox into an empty database and then reads all that is stored again, twice. Prints what each took.

`python -m benchmarks.read_twice POSTMASTER_PID MBOX`; fails where reading again changes what it should leave, or leaves what
it should change.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")
django.setup()

from django.utils import timezone  # noqa: E402  (models exist only once Django is set up)

from benchmarks.measure import server_cpu  # noqa: E402
from reports import jobs  # noqa: E402
from reports.ingest.files import find, take_files  # noqa: E402
from reports.ingest.importing import importer  # noqa: E402
from reports.models import AggregateRow, Domain, Message, Organisation  # noqa: E402
from reports.reread.run import run  # noqa: E402
from reports.vocabulary import DomainKind, JobKind  # noqa: E402


def main() -> None:
    server, mbox = int(sys.argv[1]), Path(sys.argv[2])
    organisation = Organisation.objects.create(name="Benchmark", slug="benchmark")
    Domain.objects.create(organisation=organisation, name="*", kind=DomainKind.FOREIGN)  # as every organisation has
    first = cost(lambda: first_reading(mbox, organisation), server=server)
    again = {"unchanged": cost(lambda: reading_again(organisation, changed=0), server=server)}
    AggregateRow.objects.update(disposition="spoilt")
    again["changed"] = cost(lambda: reading_again(organisation, changed=Message.objects.count()), server=server)
    json.dump({"first": first, "again": again}, sys.stdout)


def cost(work: Callable[[], None], *, server: int) -> dict[str, float]:
    """Seconds of CPU, PostgreSQL's included, and of wall time."""
    client, database, wall = time.process_time(), server_cpu(server), time.monotonic()
    work()
    cpu = time.process_time() - client + server_cpu(server) - database
    return {"cpu": cpu, "wall": time.monotonic() - wall}


def first_reading(mbox: Path, organisation: Organisation) -> None:
    for _ in take_files(find([mbox]), take=importer(organisation, clock=timezone.now)):
        pass


def reading_again(organisation: Organisation, *, changed: int) -> None:
    total = Message.objects.count()
    at = timezone.now()
    job = jobs.start(JobKind.REREAD, organisation=organisation, parameters={}, total=total, at=at)
    run(job.pk, clock=timezone.now)
    job.refresh_from_db()
    found = {name: job.result[name] for name in ("read", "changed")}
    if found != {"read": total, "changed": changed}:
        sys.exit(f"the benchmark read {found} again instead of {total}, {changed} of them changed")


if __name__ == "__main__":
    main()
