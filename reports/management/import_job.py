"""An import on the command line as a job, so that pages show how far it is while it goes on, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from reports import jobs
from reports.errors import RawStoreError
from reports.models import Job, Organisation
from reports.vocabulary import JobKind, JobState

PAUSE = 1.0
"""Seconds between two times that the progress is written down."""


class Progress:
    """How far an import is; without a job, as on a dry run, nobody is told."""

    def __init__(self, job: Job | None = None) -> None:
        self._job, self._done, self._written = job, 0, time.monotonic()

    def expect(self, more: int) -> None:
        """There is so much more to do."""
        if self._job:
            self._job.total += more
            self.write()

    def add(self, done: int = 1) -> None:
        """So much more is done."""
        self._done += done
        if time.monotonic() - self._written > PAUSE:
            self.write()

    def end(self) -> None:
        """All of it is done, also what was estimated too high."""
        if self._job:
            self._done = max(self._done, self._job.total)
            self.write()

    def write(self) -> None:
        self._written = time.monotonic()
        if self._job:
            with suppress(jobs.JobCancelled):  # somebody took us for dead: the import itself goes on
                jobs.advance(self._job, done=self._done, position="", result={}, at=timezone.now())


@contextmanager
def shown_as_job(organisation: Organisation | None, *, unit: str) -> Iterator[Progress]:
    """What goes on within is shown as a job in a unit of reports.sentences.jobs; it cannot be ended from a page.

    Raises CommandError where the bucket that keeps mails is away.
    """
    if organisation is None:
        yield Progress()
        return
    parameters = {"unit": unit}
    job = jobs.start(JobKind.IMPORT, organisation=organisation, parameters=parameters, total=0, at=timezone.now())
    with jobs.carried(job.pk, at=timezone.now()):
        progress = Progress(job)
        try:
            yield progress
        except RawStoreError as error:
            jobs.finish(job, JobState.FAILED, at=timezone.now())
            raise CommandError(
                _("The bucket that keeps mails does not do what it is asked (%(error)s). Run this again.")
                % {"error": error}
            ) from error
        except BaseException as error:
            state = JobState.CANCELLED if isinstance(error, KeyboardInterrupt) else JobState.FAILED
            with suppress(DatabaseError):  # the error that ended the import says more
                jobs.finish(job, state, at=timezone.now())
            raise
        progress.end()
        jobs.finish(job, JobState.DONE, at=timezone.now())
