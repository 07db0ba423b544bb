"""Uploads that are too large to be waited for: taken in at once, read by a worker, followed on a page of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from reports import jobs
from reports.ingest import ledger
from reports.ingest.files import BATCH_BYTES
from reports.ingest.importing import arrivals_of
from reports.ingest.pipeline import finish_unread, read_taken_in
from reports.ingest.uploads import UploadedFile, batches, mails_of
from reports.models import Job, Organisation
from reports.selectors.uploads import messages_of
from reports.viewer import Viewer
from reports.vocabulary import Channel, JobKind, JobState

WAITED_FOR = 2 << 20
"""Bytes of an upload that a person waits for: a second or two of reading. More is read in the background."""
TOGETHER = 1000
"""Messages between two signs of progress."""
BEGUN = "begun"
"""The position of a job that some worker has begun."""


def take_in_upload(files: Sequence[UploadedFile], *, organisation: Organisation, viewer: Viewer, at: datetime) -> Job:
    """Put all mails of the files into the ledger, unread, and enter the job that reads them.

    Whatever happens to the job, what is in the ledger is read (reports.tasks.finish_interrupted).
    """
    total = 0
    for batch in batches(mail for file in files for mail in mails_of(file)):
        arrivals = arrivals_of(batch, channel=Channel.UPLOAD, uploaded_by_id=viewer.user_id, at=at)
        total += len(ledger.take_in(arrivals, organisation=organisation, at=at))
    parameters = {"files": len(files)}
    return jobs.start(
        JobKind.UPLOAD, organisation=organisation, parameters=parameters, total=total, at=at, viewer=viewer
    )


def read_upload(pk: int, *, clock: Callable[[], datetime], until: datetime) -> bool:
    """Read what is unread of an upload; False where another worker is at it, or where it has ended.

    The job goes on while a message is left for later. The first worker reads many together. If it dies, the next one reads
    them one by one, since one of them may be why.
    """
    with jobs.carried(pk, at=clock()) as job:
        if job is None:
            return False
        is_careful = job.position == BEGUN
        _advance(job, at=clock())
        for batch in _unread(job):
            if clock() >= until:
                return True
            if is_careful:
                for _ in finish_unread(batch, at=clock(), lease=timedelta()):
                    pass
            else:
                read_taken_in(batch, organisation=job.organisation, at=clock())
            _advance(job, at=clock())
        if not any(_unread(job)):
            jobs.finish(job, JobState.DONE, at=clock())
    return True


def _advance(job: Job, *, at: datetime) -> None:
    done = messages_of(job).filter(outcome__isnull=False).count()
    jobs.advance(job, done=done, position=BEGUN, result={}, at=at)


def _unread(job: Job) -> Iterator[list[int]]:
    """The messages in bounded batches."""
    batch: list[int] = []
    size = 0
    unread = messages_of(job).filter(outcome__isnull=True, raw__isnull=False).order_by("pk")
    for pk, length in list(unread.values_list("pk", "raw__size")):
        batch.append(pk)
        size += length
        if len(batch) >= TOGETHER or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
