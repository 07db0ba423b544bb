"""Our side of the benchmark: mbox files through the path of `import_reports` into one empty, migrated database.

`python -m benchmarks.ours ROWS MESSAGES MBOX...` reads them all at once, each in a process of its own, as workers read
their mailboxes. It fails unless exactly so many rows and messages are committed, and every sum says so too. Prints the
seconds of each stage, all workers together, as one JSON object.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

gc.disable()  # as manage.py does

import django  # noqa: E402

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dmarcsite.settings")
django.setup()

from django.db import connections  # noqa: E402  (models exist only once Django is set up)
from django.db.models import Sum  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.stages import STAGES, Stopwatch  # noqa: E402
from reports.ingest.files import FileMail, find, take_files  # noqa: E402
from reports.ingest.ledger import Arrival  # noqa: E402
from reports.ingest.outcome import Result  # noqa: E402
from reports.ingest.pipeline import ingest  # noqa: E402
from reports.models import AggregateRow, Domain, DomainDay, Message, Organisation, SourceDay  # noqa: E402
from reports.vocabulary import Channel, DomainKind, Outcome  # noqa: E402


def main() -> None:
    rows, messages, *boxes = int(sys.argv[1]), int(sys.argv[2]), *map(Path, sys.argv[3:])
    organisation = Organisation.objects.create(name="Benchmark", slug="benchmark")
    Domain.objects.create(organisation=organisation, name="*", kind=DomainKind.FOREIGN)  # as every organisation has
    if len(boxes) == 1:
        seconds = work(boxes[0], organisation)
    else:
        connections.close_all()  # a connection must not be shared by two processes
        with ProcessPoolExecutor(len(boxes), mp_context=multiprocessing.get_context("fork")) as pool:
            parts = [pool.submit(work, box, organisation) for box in boxes]
            seconds = together([part.result() for part in parts])
    check(rows=rows, messages=messages)
    json.dump(seconds, sys.stdout)


def work(mbox: Path, organisation: Organisation) -> Mapping[str, float]:
    """Store the mbox; returns the seconds of each stage."""
    watch = Stopwatch()

    def take(batch: Sequence[FileMail]) -> list[Result]:
        watch.batch()
        at = timezone.now()
        arrivals = [Arrival(mail.data, Channel.FILE, at, filename=mail.path.name) for mail in batch]
        return ingest(arrivals, organisation=organisation, at=at, checkpoint=watch.checkpoint)

    for _ in take_files(find([mbox]), take=take):
        pass
    return watch.seconds


def together(parts: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """The seconds of all workers, stage by stage."""
    return {stage: sum(part.get(stage, 0) for part in parts) for stage in STAGES}


def check(*, rows: int, messages: int) -> None:
    """End the program with what is wrong unless rows, messages, both kinds of sums and the ledger agree."""
    found = {
        "rows": AggregateRow.objects.count(),
        "messages": AggregateRow.objects.aggregate(sum=Sum("count"))["sum"],
        "messages by source and day": SourceDay.objects.aggregate(sum=Sum("messages"))["sum"],
        "messages by domain and day": DomainDay.objects.aggregate(sum=Sum("messages"))["sum"],
        "mails not stored": Message.objects.exclude(outcome=Outcome.STORED).count(),
    }
    wanted = dict(zip(found, (rows, messages, messages, messages, 0), strict=True))
    if found != wanted:
        sys.exit(f"the benchmark stored {found} instead of {wanted}")


if __name__ == "__main__":
    main()
