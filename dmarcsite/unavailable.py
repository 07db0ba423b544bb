"""The answer of pages while the bucket that keeps the bytes of mails does not answer: 503 and a sentence, never a fault of ours."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from reports.errors import RawStoreError

RETRY_SECONDS = 60
log = logging.getLogger(__name__)


class UnavailableMiddleware:
    """Turns RawStoreError into a page that says what it means for whoever asked; the reason goes to the log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Named by Django."""
        if not isinstance(error, RawStoreError):
            return None
        log.warning("the bucket of SEKIMORI_RAW_STORE does not do what it is asked: %s", error)
        response = render(request, "503.html", status=HTTPStatus.SERVICE_UNAVAILABLE)
        response["Retry-After"] = str(RETRY_SECONDS)
        return response
