"""Our side of the benchmark: one mbox through the path of `import_reports` into an empty, migrated database.

`python -m benchmarks.ours MBOX WORKERS ROWS MESSAGES` fails unless exactly so many rows and messages are committed, and
every sum says so too. Prints the seconds of each stage, all workers together, as one JSON object.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import django

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
    mbox, workers, rows, messages = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    organisation = Organisation.objects.create(name="Benchmark", slug="benchmark")
    Domain.objects.create(organisation=organisation, name="*", kind=DomainKind.FOREIGN)  # as every organisation has
    if workers == 1:
        seconds = work(mbox, organisation, share=0, of=1)
    else:
        connections.close_all()  # a connection must not be shared by two processes
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
            parts = [pool.submit(work, mbox, organisation, share=share, of=workers) for share in range(workers)]
            seconds = together([part.result() for part in parts])
    check(rows=rows, messages=messages)
    json.dump(seconds, sys.stdout)


def work(mbox: Path, organisation: Organisation, *, share: int, of: int) -> Mapping[str, float]:
    """Store every `of`-th batch of the mbox, beginning with number `share`; returns the seconds of each stage."""
    watch = Stopwatch()
    batches = 0

    def take(batch: Sequence[FileMail]) -> list[Result]:
        nonlocal batches
        batches += 1
        if batches % of != share:
            return [Result(Outcome.NOT_A_REPORT)] * len(batch)  # another worker's
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
