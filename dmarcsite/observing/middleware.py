"""Gives each request an id, which its log lines and its answer carry."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

from reports.following import about

HEADER = "X-Request-ID"
IN_REQUEST = "sekimori.request"
"""Under this name the id stands in META, for whoever speaks of the request once it was answered."""
_USABLE = re.compile(r"[A-Za-z0-9-]{8,64}", re.ASCII)


class RequestIdMiddleware:
    """A proxy's X-Request-ID is kept where it is plain; it is a name to search for and proves nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        name = given if _USABLE.fullmatch(given) else uuid4().hex
        request.META[IN_REQUEST] = name
        with about(request=name):
            response = self.get_response(request)
        response[HEADER] = name
        return response
