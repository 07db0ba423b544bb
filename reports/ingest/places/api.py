"""Talks JSON with the web interface of a mail provider, as one mailbox. Knows no provider's words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx
from django.utils import timezone

from reports.errors import MailboxBusy, MailboxError, MailboxMisconfigured
from reports.ingest.places import web
from reports.ingest.places.place import DETAIL_LENGTH
from reports.vocabulary import MailboxFault

TRIES = 4
LONGEST_WAIT = 60.0
"""Seconds; who is asked to wait longer ends the visit, and the next one keeps to what was asked."""
SHORTEST_WAIT = 1.0
_BUSY = (
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)


@dataclass(frozen=True, slots=True)
class Api:
    """`base` is where paths begin, `root` where whole addresses may: the token goes nowhere else. `forget_token`: it was refused."""

    client: httpx.Client
    root: str
    base: str
    token: str
    forget_token: Callable[[], None]
    headers: Mapping[str, str]
    wait: Callable[[float], None] = time.sleep

    def get(self, path: str, **params: str) -> dict[str, Any] | None:
        """The answer, or None where there is no such thing. `path` may be a whole address below `root`."""
        return _decoded(self._send("GET", path, params=params or None))

    def get_large(self, path: str, *, most: int, **params: str) -> dict[str, Any] | None:
        """The same for an answer that holds a mail; raises MailboxError past `most` bytes."""
        return _decoded(self._send("GET", path, params=params or None, most=most))

    def get_bytes(self, path: str, *, most: int) -> bytes | None:
        """The body, or None where there is no such thing; raises MailboxError past `most` bytes."""
        return self._send("GET", path, most=most)

    def post(self, path: str, body: Mapping[str, Any], *, method: str = "POST") -> dict[str, Any] | None:
        """The answer ({} where it is empty), or None where there is no such thing."""
        return _decoded(self._send(method, path, body=body))

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        most: int = web.TEXT_BYTES,
    ) -> bytes | None:
        url = path if path.startswith(f"{self.root}/") else self.base + path
        for attempt in range(TRIES):
            headers = {**self.headers, "Authorization": f"Bearer {self.token}"}
            with (
                web.speaking(),
                self.client.stream(method, url, params=params, json=body, headers=headers) as response,
            ):
                content = web.read_bounded(response, most=most)
            pause = _pause(response, attempt)
            if pause is None or attempt == TRIES - 1 or pause > LONGEST_WAIT:
                return self._judged(response, content, pause=pause or 0.0)
            self.wait(pause)
        raise AssertionError("a loop that always returns")

    def _judged(self, response: httpx.Response, content: bytes, *, pause: float) -> bytes | None:
        status = response.status_code
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return content
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return None
        params = (("error", f"HTTP {status} {content[:DETAIL_LENGTH].decode('utf-8', 'replace')}"[:DETAIL_LENGTH]),)
        if status == HTTPStatus.UNAUTHORIZED:
            self.forget_token()
            raise MailboxMisconfigured(MailboxFault.TOKEN_REFUSED, params)
        if status == HTTPStatus.FORBIDDEN:
            raise MailboxMisconfigured(MailboxFault.SCOPE_REFUSED, params)
        if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise MailboxBusy(MailboxFault.PROVIDER_BUSY, params, seconds=pause)
        raise MailboxError(MailboxFault.SERVER_REFUSED, params)


def _pause(response: httpx.Response, attempt: int) -> float | None:
    """Seconds to wait before the next try, None where another try is of no use (RFC 9110 section 10.2.3)."""
    if response.status_code not in _BUSY:
        return None
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isdecimal() and asked.isascii():
        return float(int(asked[:9]))
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, TypeError):
        return float(SHORTEST_WAIT * (1 << attempt))
    return max(float((until - timezone.now()).total_seconds()), SHORTEST_WAIT)


def _decoded(content: bytes | None) -> dict[str, Any] | None:
    if not content:
        return None if content is None else {}
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise MailboxError(MailboxFault.PROVIDER_BUSY, (("error", "no JSON object in the answer"),))
    return answer
