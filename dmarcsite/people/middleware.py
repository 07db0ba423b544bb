"""Puts the viewer on the request: who is looking, at which organisation, in which role."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from reports.access import viewer_for

ORGANISATION_COOKIE = "sekimori_organisation"


class ViewerMiddleware:
    """`request.viewer` is a `reports.viewer.Viewer`, or falsy for people who belong to no organisation. One query, lazy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        wanted = request.COOKIES.get(ORGANISATION_COOKIE, "")
        origin = request.META.get("REMOTE_ADDR") or None
        request.viewer = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: viewer_for(request.user, organisation_slug=wanted, remote_address=origin)
        )
        return self.get_response(request)
