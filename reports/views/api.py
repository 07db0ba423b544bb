"""The HTTPS upload API: any program with a token brings files, and is told how each ended. No sessions, no cookies.

docs/mailboxes/api.md is the contract. Answers other than 200 are {"error": {"code": ...}}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from io import BytesIO
from typing import BinaryIO, cast

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from reports.errors import RawStoreError
from reports.ingest.importing import importer
from reports.ingest.public import as_fields
from reports.ingest.upload_tokens import use_token
from reports.ingest.uploads import UploadedFile, take_upload
from reports.models import UploadToken
from reports.views.bodies import FORM_BYTES, declared_length
from reports.vocabulary import Channel

NAME = "X-Filename"

TokenView = Callable[[HttpRequest, UploadToken], HttpResponse]


def _for_token(view: TokenView) -> Callable[[HttpRequest], HttpResponse]:
    """Let in who has a token in force, POST alone, and not too often; nothing tells a stranger what was wrong."""

    @csrf_exempt  # no cookie gives anybody a right here
    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return _error(405, "method_not_allowed", Allow="POST")
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        try:
            token, is_too_often = use_token(secret.strip(), at=timezone.now())
            if token is None or scheme.lower() != "bearer":
                return _error(401, "unauthorised", **{"WWW-Authenticate": "Bearer"})
            if is_too_often:
                return _error(429, "too_often", **{"Retry-After": "60"})
            return view(request, token)
        except (OperationalError, RawStoreError):
            return _error(503, "unavailable", **{"Retry-After": "60"})

    return guarded


@_for_token
def upload_reports(request: HttpRequest, token: UploadToken) -> HttpResponse:
    """Take in the body as one file, or each file of a form; a file is kept and explained whatever it holds."""
    limit = settings.UPLOAD_LIMIT_BYTES
    if declared_length(request) > limit + FORM_BYTES:
        return _error(413, "too_large")
    try:
        files = list(_files(request, limit=limit))
    except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent):
        return _error(413, "too_large")
    except (UnreadablePostError, MultiPartParserError):
        return _error(400, "unreadable_body")
    if any(file.size > limit for file in files):
        return _error(413, "too_large")
    if not files:
        return _error(400, "no_file")
    take = importer(token.organisation, clock=timezone.now, channel=Channel.API)
    return JsonResponse(
        {"files": [{"name": file.name, **as_fields(take_upload(file, take=take, limit=limit))} for file in files]}
    )


def _files(request: HttpRequest, *, limit: int) -> Iterator[UploadedFile]:
    if request.content_type == "multipart/form-data":
        for _name, sent in request.FILES.lists():
            for file in sent:
                yield UploadedFile(file.name or "", file.size or 0, cast("BinaryIO", file.file))
    elif data := request.read(limit + 1):
        yield UploadedFile(request.headers.get(NAME, ""), len(data), BytesIO(data))


def _error(status: int, code: str, **headers: str) -> JsonResponse:
    return JsonResponse({"error": {"code": code}}, status=status, headers=headers)
