"""Starts and ends re-reads in somebody's name, with an audit entry in the same transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from reports import jobs
from reports.audit import log
from reports.audit.actions import register
from reports.models import Job, Organisation
from reports.reread.run import DRY_RUN
from reports.reread.selection import Selection
from reports.viewer import Viewer
from reports.vocabulary import JobKind

STARTED = register("reports.reread.started")
CANCELLED = register("reports.reread.cancelled")


@transaction.atomic
def ask(
    selection: Selection,
    *,
    organisation: Organisation,
    dry_run: bool,
    at: datetime,
    viewer: Viewer | None = None,
) -> Job:
    """Enter a re-read that waits for a worker; without a viewer it is asked for on the server. Raises jobs.JobGoingOn."""
    job = jobs.start(
        JobKind.REREAD,
        organisation=organisation,
        parameters={**selection.to_json(), DRY_RUN: dry_run},
        total=selection.messages(organisation.pk).count(),
        at=at,
        viewer=viewer,
    )
    data = {**job.parameters, "messages": job.total}
    log.record(STARTED, at=at, viewer=viewer, organisation=organisation, subject=job, data=data)
    return job


@transaction.atomic
def end(job: Job, *, at: datetime, viewer: Viewer | None = None) -> bool:
    """Cancel a re-read; what it has replaced stays. False where it has ended."""
    if not jobs.cancel(job.pk, at=at):
        return False
    log.record(CANCELLED, at=at, viewer=viewer, organisation=job.organisation, subject=job)
    return True
