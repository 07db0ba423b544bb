"""What a request says of its body, before any of it is read."""

from __future__ import annotations

from django.http import HttpRequest

FORM_BYTES = 1 << 20
"""What a multipart request needs beside its files."""


def declared_length(request: HttpRequest) -> int:
    """The bytes of the body; 0 where the request does not say."""
    try:
        return int(request.headers.get("Content-Length", ""))
    except ValueError:  # also for a number of thousands of digits, which Python refuses
        return 0
