"""Keeps foreign text from turning the text around it: controls of writing direction never reach a page."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# U+202A to U+202E and U+2066 to U+2069 in UTF-8. Reports may hold them, and are stored as sent; no text of ours does.
_CONTROLS = re.compile(rb"\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
_SHOWN_AS = "\N{REPLACEMENT CHARACTER}".encode()


class BidiControlsMiddleware:
    """Shows each such control in a page as U+FFFD, so that a selector or subject cannot move the verdict beside it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.streaming and response.get("Content-Type", "").startswith("text/html"):
            response.content = _CONTROLS.sub(_SHOWN_AS, response.content)
        return response
