"""Report files by hand: several at once, each with its outcome, its reasons and its reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile as SentFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from reports.access import allowed_to, viewer_of
from reports.forms.upload import UploadForm
from reports.ingest.background import WAITED_FOR, take_in_upload
from reports.ingest.dry_run import DryRun
from reports.ingest.extraction import Limits
from reports.ingest.files import Take
from reports.ingest.importing import importer
from reports.ingest.outcome import Result
from reports.ingest.uploads import UploadedFile, take_upload
from reports.models import Organisation
from reports.permissions import Act
from reports.selectors.uploads import conflicting
from reports.viewer import Viewer
from reports.views.bodies import FORM_BYTES, declared_length
from reports.vocabulary import Channel, Kind


@dataclass(frozen=True, slots=True)
class Taken:
    """One file and how it ended."""

    name: str
    size: int
    result: Result


# The token of a form stands in its body, which is read only after its length has been looked at: see _taken.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Act.UPLOAD)
def upload(request: HttpRequest) -> HttpResponse:
    """Take files in; whatever they hold, each ends with a sentence. Large ones are read in the background."""
    if request.method != "POST":
        return _page(request, UploadForm())
    if declared_length(request) > settings.UPLOAD_LIMIT_BYTES + FORM_BYTES:
        return _page(request, UploadForm(), status=413, is_too_large=True)
    return _taken(request)


@csrf_protect
def _taken(request: HttpRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    is_dry_run: bool = form.cleaned_data["is_dry_run"]
    viewer, files = viewer_of(request), [_opened(each) for each in form.chosen()]
    if not is_dry_run and WAITED_FOR < sum(file.size for file in files) <= settings.UPLOAD_LIMIT_BYTES:
        organisation = Organisation.objects.get(pk=viewer.organisation_id)
        job = take_in_upload(files, organisation=organisation, viewer=viewer, at=timezone.now())
        return redirect("reports:upload-detail", job.pk)
    taken = _take(files, viewer=viewer, is_dry_run=is_dry_run)
    stored = [facts.pk for each in taken for facts in each.result.reports if facts.pk and facts.kind == Kind.AGGREGATE]
    conflicts = conflicting(stored, organisation_id=viewer.organisation_id)
    form = UploadForm(initial={"is_dry_run": is_dry_run})
    return _page(request, form, taken=taken, is_dry_run=is_dry_run, conflicts=conflicts)


def _opened(file: SentFile) -> UploadedFile:
    return UploadedFile(file.name or "", file.size or 0, cast("BinaryIO", file.file))


def _take(files: Sequence[UploadedFile], *, viewer: Viewer, is_dry_run: bool) -> list[Taken]:
    take: Take = DryRun().take
    if not is_dry_run:
        organisation = Organisation.objects.get(pk=viewer.organisation_id)
        take = importer(organisation, clock=timezone.now, channel=Channel.UPLOAD, uploaded_by_id=viewer.user_id)
    limit = settings.UPLOAD_LIMIT_BYTES
    return [Taken(file.name, file.size, take_upload(file, take=take, limit=limit)) for file in files]


def _page(request: HttpRequest, form: UploadForm, *, status: int = 200, **more: Any) -> HttpResponse:
    limits = Limits()
    context = {
        "form": form,
        "limit_bytes": settings.UPLOAD_LIMIT_BYTES,
        "files_limit": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        "limits": limits,
        **more,
    }
    return render(request, "reports/upload.html", context, status=status)
