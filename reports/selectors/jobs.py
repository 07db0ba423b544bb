"""Long work and how far it is, for pages."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from reports.models import Job
from reports.models.job import GOING_ON
from reports.viewer import Viewer
from reports.vocabulary import JobKind

LATELY = timedelta(days=7)


def jobs_of(viewer: Viewer) -> QuerySet[Job]:
    """The organisation's long work, newest first."""
    return Job.objects.filter(organisation_id=viewer.organisation_id).select_related("organisation").order_by("-pk")


def rereads(viewer: Viewer) -> QuerySet[Job]:
    return jobs_of(viewer).filter(kind=JobKind.REREAD.value)


def recent_jobs(viewer: Viewer, *, now: datetime) -> QuerySet[Job]:
    """What goes on, and what ended lately; the former first, each newest first."""
    lately = jobs_of(viewer).filter(Q(state__in=GOING_ON) | Q(finished_at__gt=now - LATELY))
    return lately.order_by(F("finished_at").desc(nulls_first=True), "-pk")


def uploads(viewer: Viewer) -> QuerySet[Job]:
    """Uploads that were read in the background."""
    return jobs_of(viewer).filter(kind=JobKind.UPLOAD.value)


def is_going_on(job: Job) -> bool:
    return job.state in GOING_ON


def per_cent(job: Job) -> int:
    """How far it is; whole work of nothing is done."""
    return 100 * job.done // job.total if job.total else 100
