"""Long work and how far it is, for pages."""

from __future__ import annotations

from django.db.models import QuerySet

from reports.models import Job
from reports.models.job import GOING_ON
from reports.viewer import Viewer
from reports.vocabulary import JobKind


def jobs_of(viewer: Viewer) -> QuerySet[Job]:
    """The organisation's long work, newest first."""
    return Job.objects.filter(organisation_id=viewer.organisation_id).select_related("organisation").order_by("-pk")


def rereads(viewer: Viewer) -> QuerySet[Job]:
    return jobs_of(viewer).filter(kind=JobKind.REREAD.value)


def is_going_on(job: Job) -> bool:
    return job.state in GOING_ON


def per_cent(job: Job) -> int:
    """How far it is; whole work of nothing is done."""
    return 100 * job.done // job.total if job.total else 100
