"""Answers a request that cannot be read. Must not look at its form: that is what failed, and it would fail again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBadRequest
from django.template.loader import render_to_string


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBadRequest:
    """Status 400. Django's own page asks the form for its token once more and so ends with 500."""
    return HttpResponseBadRequest(render_to_string("400.html"))
