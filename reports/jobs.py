"""The life of long work: started once, carried on by whoever claims it, ended once. What it does lies elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Coalesce

from reports.locks import held
from reports.models import Job, Organisation
from reports.models.job import GOING_ON
from reports.viewer import Viewer
from reports.vocabulary import JobKind, JobState

LOCK_CLASS = 0x4A4F4253
"""Of the locks on jobs (reports.locks): whoever carries one on holds it."""


class JobGoingOn(Exception):
    """Work of this kind goes on already, and two at once would undo each other."""


class JobCancelled(Exception):
    """Somebody asked for the end: the step at hand is undone, and what was done before it stays."""


def start(
    kind: JobKind,
    *,
    organisation: Organisation,
    parameters: Mapping[str, Any],
    total: int,
    at: datetime,
    viewer: Viewer | None = None,
) -> Job:
    """Enter work that waits for a worker. Raises JobGoingOn."""
    try:
        with transaction.atomic():
            return Job.objects.create(
                organisation=organisation,
                kind=kind.value,
                parameters=dict(parameters),
                total=total,
                started_by_id=viewer.user_id if viewer else None,
                started_by_name=viewer.user_name if viewer else "",
                created_at=at,
            )
    except IntegrityError as error:
        raise JobGoingOn from error


@contextmanager
def carried(pk: int, *, at: datetime) -> Iterator[Job | None]:
    """Carry work on that waits, or whose process has died; None where somebody is at it, or where it has ended."""
    with held(LOCK_CLASS, pk) as is_mine:
        if not is_mine:
            yield None
            return
        going_on = Job.objects.filter(pk=pk, state__in=GOING_ON)
        going_on.update(state=JobState.RUNNING.value, started_at=Coalesce("started_at", at), beat_at=at)
        yield going_on.select_related("organisation").first()


def unfinished(kind: JobKind) -> list[int]:
    """Work that waits or goes on, or that nobody is at any more."""
    return list(Job.objects.filter(kind=kind.value, state__in=GOING_ON).order_by("pk").values_list("pk", flat=True))


def end_abandoned(kind: JobKind, *, at: datetime) -> None:
    """End work as failed whose process is gone and that nobody can go on with: its lock is free."""
    for pk in unfinished(kind):
        with carried(pk, at=at) as job:
            if job is not None:
                finish(job, JobState.FAILED, at=at)


def advance(job: Job, *, done: int, position: str, result: Mapping[str, Any], at: datetime) -> None:
    """Say how far it is; to be called in the transaction of the step, so that both stand or neither. Raises JobCancelled."""
    job.done, job.position, job.result, job.beat_at = done, position, dict(result), at
    job.total = max(job.total, done)
    running = Job.objects.filter(pk=job.pk, state=JobState.RUNNING.value, cancel_asked_at=None)
    if not running.update(done=done, total=job.total, position=position, result=job.result, beat_at=at):
        raise JobCancelled


def finish(job: Job, state: JobState, *, at: datetime, error: str = "") -> None:
    """End the work; nothing happens where it has ended."""
    Job.objects.filter(pk=job.pk, state__in=GOING_ON).update(state=state.value, finished_at=at, error=error)


def cancel(pk: int, *, at: datetime) -> bool:
    """Ask for the end. Waiting work ends at once, running work at its next step; what it did until then stays."""
    if Job.objects.filter(pk=pk, state=JobState.WAITING.value).update(state=JobState.CANCELLED.value, finished_at=at):
        return True
    return bool(
        Job.objects.filter(pk=pk, state=JobState.RUNNING.value, cancel_asked_at=None).update(cancel_asked_at=at)
    )
