"""Decides per request whether its figures may come from the replica, and makes the page from the primary if that fails."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db import OperationalError, connections
from django.http import HttpRequest, HttpResponse

from dmarcsite.replica.lag import REPLICA, distrust, usable_lag
from dmarcsite.replica.router import reading_replica

READING_PAGES = frozenset(
    {
        "overview",
        "domains",
        "reports:report-detail",
        "reports:report-list",
        "reports:source-detail",
        "reports:source-list",
        "reports:tls-detail",
        "reports:tls-list",
    }
)
WROTE_COOKIE = "sekimori_wrote"
WROTE_SECONDS = 15
"""Who has just changed or uploaded something sees it on the next page, though the replica may not have it yet."""


class ReplicaMiddleware:
    """Sets `request.replica_lag`: the seconds that the figures of this page are behind, None where they are the primary's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.replica_lag = None  # type: ignore[attr-defined]
        response = self.get_response(request)
        if request.method == "POST" and settings.SESSION_COOKIE_NAME in request.COOKIES and REPLICA in connections:
            response.set_cookie(
                WROTE_COOKIE, "1", max_age=WROTE_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure()
            )
        return response

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> HttpResponse | None:
        """Make the page with the replica; None leaves it to the primary, also when the replica gives up in the middle."""
        match = request.resolver_match
        if (
            request.method != "GET"
            or not match
            or match.view_name not in READING_PAGES
            or WROTE_COOKIE in request.COOKIES
        ):
            return None
        lag = usable_lag()
        if lag is None:
            return None
        request.replica_lag = lag  # type: ignore[attr-defined]
        try:
            with reading_replica():
                return view(request, *args, **kwargs)
        except OperationalError:
            distrust()
            request.replica_lag = None  # type: ignore[attr-defined]
            return None
