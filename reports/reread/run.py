"""Carries a re-read on, part by part, until it is done, cancelled, or ended by a crash that the next one goes on from."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from django.db import DatabaseError, OperationalError, transaction

from reports import jobs
from reports.errors import RawStoreError
from reports.ingest import ledger, store
from reports.ingest.collection import collection_paused
from reports.ingest.outcome import Reading
from reports.masking import mask_trace
from reports.models import Job, Organisation
from reports.partitions import make_months
from reports.reread import renew, replace
from reports.reread.compare import Renewal, compare
from reports.reread.difference import Difference
from reports.reread.parts import Part, read_in_parts, read_those
from reports.reread.selection import Selection
from reports.reread.snapshot import what_came
from reports.rollups.buckets import lock_buckets
from reports.vocabulary import JobState

TOGETHER = 2000
TRIES = 3
"""A message that kills its reader so often is left as it is."""
DRY_RUN = "dry_run"
log = logging.getLogger(__name__)

Checkpoint = Callable[[str], None]
"""Told each step that has just been finished; tests end the process there."""
Watch = Callable[[Job], None]
"""Told of the job after each part."""


def run(
    pk: int,
    *,
    clock: Callable[[], datetime],
    until: datetime | None = None,
    watch: Watch = lambda job: None,
    checkpoint: Checkpoint = lambda step: None,
) -> bool:
    """Do the work of the job to its end; False where somebody else is at it, or where it has ended.

    A dry run does the same, undoes it, and keeps the difference. At `until` it stops, for the next one to go on. Raises
    RawStoreError where the bucket that keeps the bytes does not answer: the next run goes on, too.
    """
    with collection_paused(), jobs.carried(pk, at=clock()) as job:
        if job is None:
            return False
        try:
            if _carry_on(job, clock=clock, until=until, watch=watch, checkpoint=checkpoint):
                jobs.finish(job, JobState.DONE, at=clock())
        except jobs.JobCancelled:
            jobs.finish(job, JobState.CANCELLED, at=clock())
        except OperationalError:
            raise  # the database is gone or busy: the next run goes on
        except RawStoreError:
            _forgive(job, at=clock())
            raise
        except Exception as error:  # a fault of ours: the job says so, and does not go on by itself
            log.exception("job %d", pk)
            jobs.finish(job, JobState.FAILED, at=clock(), error=mask_trace(f"{type(error).__name__}: {error}")[:500])
            raise
        job.refresh_from_db()
        watch(job)
    return True


def _carry_on(
    job: Job, *, clock: Callable[[], datetime], until: datetime | None, watch: Watch, checkpoint: Checkpoint
) -> bool:
    """Part after part; False where the time was up before the end."""
    messages = Selection.from_json(job.parameters).messages(job.organisation_id)
    careful = TOGETHER if job.result.get("trying") else 0  # the process before died here
    while pks := list(messages.filter(pk__gt=int(job.position or 0)).values_list("pk", flat=True)[:TOGETHER]):
        if until and clock() > until:
            return False
        pks = pks[:1] if careful else pks
        careful = max(0, careful - 1)
        killed = _say_what_is_tried(job, pks[0], at=clock())
        parts = iter([Part([], ["kills_reader"], pks[0])]) if killed else read_in_parts(pks)
        for part in parts:
            checkpoint("read")
            _put(job, part, at=clock(), checkpoint=checkpoint)
            checkpoint("committed")
            watch(job)
            gc.collect(1)  # the little that counting references has left of the part
    return True


def _say_what_is_tried(job: Job, pk: int, *, at: datetime) -> bool:
    """Write down which message comes next, so that one that kills its readers is known; True where it is to be left out."""
    trying, times = job.result.get("trying", [0, 0])
    times = times + 1 if trying == pk else 1
    if times <= TRIES:
        jobs.advance(job, done=job.done, position=job.position, result={**job.result, "trying": [pk, times]}, at=at)
    return bool(times > TRIES)


def _forgive(job: Job, *, at: datetime) -> None:
    """A bucket that does not answer says nothing about the message that is tried."""
    result = {name: value for name, value in job.result.items() if name != "trying"}
    with suppress(jobs.JobCancelled):
        jobs.advance(job, done=job.done, position=job.position, result=result, at=at)


def _put(job: Job, part: Part, *, at: datetime, checkpoint: Checkpoint) -> None:
    """One part in one transaction with its place in the job; where the database refuses it, each message by itself."""
    make_months(store.days_of(part.readings, at=at), at=at)
    difference = Difference.from_json(job.result)
    with transaction.atomic(durable=True):
        try:
            _compare(job, part.readings, difference, at=at)
        except OperationalError:
            raise
        except DatabaseError:
            log.exception("%d messages cannot be replaced as one", len(part.readings))
            difference = Difference.from_json(job.result)
            for each in part.readings:
                try:
                    _compare(job, [each], difference, at=at)
                except OperationalError:
                    raise
                except DatabaseError:
                    log.exception("message %d stays as it is", each[0])
                    difference.leave_out("reader_failed")
        for why in part.left_out:
            difference.leave_out(why)
        done = job.done + len(part.readings) + len(part.left_out)
        jobs.advance(job, done=done, position=str(part.last), result=difference.to_json(), at=at)
        checkpoint("stored")


def _compare(job: Job, readings: Sequence[tuple[int, Reading]], difference: Difference, *, at: datetime) -> None:
    """Put in what is not stored as it was read, look at what that changed, and undo it on a dry run."""
    with transaction.atomic():
        compared = compare(readings, organisation=job.organisation, at=at)
        ledger.ask_senders(compared.same, at=at)
        others = [(pk, reading) for pk, reading in readings if pk not in compared.same]
        renewed = _renew(others, compared.renewals, organisation=job.organisation, at=at)
        others = [(pk, reading) for pk, reading in others if pk not in renewed]
        pks = [pk for pk, _ in others]
        before = what_came(pks)
        _replace_all(others, job=job, at=at)
        after = what_came(pks)
        if job.parameters.get(DRY_RUN):
            transaction.set_rollback(True)
    came = {pk: (each, each) for pk, each in compared.same.items()}
    came |= {pk: (each.before, each.after) for pk, each in renewed.items()}
    came |= {pk: (before[pk], after[pk]) for pk in pks}
    for pk, _ in readings:
        difference.add(pk, *came[pk])


def _renew(
    readings: Sequence[tuple[int, Reading]],
    renewals: Mapping[int, Renewal],
    *,
    organisation: Organisation,
    at: datetime,
) -> dict[int, Renewal]:
    """Renew in their places those of the messages that can be. The others are held too: nobody waits for us in a ring."""
    if not renewals:
        return {}
    replace.hold_messages(pk for pk, _ in readings)
    others = [(pk, reading) for pk, reading in readings if pk not in renewals]
    buckets = renew.buckets_of(renewals.values(), organisation=organisation)
    if others:
        buckets |= replace.buckets_of(others, organisation=organisation, at=at)
    lock_buckets(buckets)
    done = renew.renew(renewals, organisation=organisation, at=at)
    ledger.ask_senders(done, at=at)
    return {pk: each for pk, each in renewals.items() if pk in done}


def _replace_all(readings: Sequence[tuple[int, Reading]], *, job: Job, at: datetime) -> None:
    """Replace, then read again whoever brought once more what is no longer as it was."""
    seen: set[int] = set()
    waiting: Sequence[tuple[int, Reading]] = readings
    while waiting:
        seen |= {pk for pk, _ in waiting}
        followers = replace.replace(waiting, organisation=job.organisation, at=at) - seen
        waiting = read_those(followers)
