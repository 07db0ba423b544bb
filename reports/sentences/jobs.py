"""What long work is called, where it stands and how far it is, whatever its kind."""

from __future__ import annotations

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.models import Job
from reports.vocabulary import JobKind, JobState

BYTES, REPORTS, MESSAGES = "bytes", "reports", "messages"
"""In what work is measured: the parameter "unit" of its job, messages without one."""


def job_name(job: Job) -> str:
    """What it is."""
    if job.kind == JobKind.IMPORT:
        return _("Import")
    if job.kind == JobKind.UPLOAD:
        return _("Upload")
    return _("Dry run") if job.parameters.get("dry_run") else _("Reading again")


def state_sentence(job: Job) -> str:
    """Where the work stands."""
    if job.state == JobState.WAITING:
        return _("It begins within a quarter of a minute.")
    if job.state == JobState.RUNNING and job.cancel_asked_at:
        return _("It ends after the part at hand.")
    is_import = job.kind == JobKind.IMPORT
    return {
        JobState.RUNNING.value: _("Reports are being taken in.") if is_import else _("Messages are being read."),
        JobState.DONE.value: _("Nothing was changed: this was a dry run.")
        if job.parameters.get("dry_run")
        else _("Done."),
        JobState.FAILED.value: _("It broke off; begin it again, and nothing is counted twice.")
        if is_import
        else _("It failed; what was read until then stays."),
        JobState.CANCELLED.value: _("It was cancelled; what was read until then stays."),
    }.get(job.state, job.state)


def progress_sentence(job: Job) -> str:
    """How far it is, in its own unit."""
    unit = job.parameters.get("unit", MESSAGES)
    if unit == BYTES:
        return _("%(done)s of %(total)s") % {"done": filesizeformat(job.done), "total": filesizeformat(job.total)}
    if unit == REPORTS:
        text = ngettext("%(done)s of %(total)s report", "%(done)s of %(total)s reports", job.total)
    else:
        text = ngettext("%(done)s of %(total)s message", "%(done)s of %(total)s messages", job.total)
    return text % {"done": f"{job.done:,}", "total": f"{job.total:,}"}
