"""The only place that speaks HTTP. Follows no redirect, so the token goes nowhere else; reads a bounded answer."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from exceptions.agent.config import Config
from exceptions.engine import wire
from exceptions.errors import AgentError

LONG_POLL = 25
"""Seconds for which the server may hold a request open until there is something new."""
TIMEOUT = 15.0
MAX_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class FetchedPolicy:
    body: bytes
    signature: str | None
    etag: str


class Server:
    """The feed of one node. Every call is a connection of its own; safe to use from several threads."""

    def __init__(self, config: Config) -> None:
        """Raises AgentError("ca_unreadable")."""
        parts = urlsplit(config.server)
        self._host, self._port = parts.hostname or "", parts.port
        self._path = f"{parts.path}/feeds/v1/{quote(config.node, safe='')}"
        self._token_file = config.token_file
        self._tls: ssl.SSLContext | None = None
        if parts.scheme == "https":
            try:
                self._tls = ssl.create_default_context(cafile=config.ca_file or None)
            except OSError as error:
                raise AgentError("ca_unreadable", path=config.ca_file, reason=str(error)) from None

    def policy(self, *, etag: str = "", wait: int = 0) -> FetchedPolicy | None:
        """The current policy, or None where it is still the one with this ETag; raises AgentError."""
        headers = {wire.FORMATS_HEADER: ", ".join(wire.FORMATS), "Accept": "application/json"}
        if etag:
            headers["If-None-Match"] = etag
        path = f"/policy.json?wait={wait}" if wait else "/policy.json"
        status, answer, body = self._ask("GET", path, headers, limit=wire.MAX_BYTES, timeout=TIMEOUT + wait)
        if status == HTTPStatus.NOT_MODIFIED and etag:
            return None
        if status != HTTPStatus.OK:
            raise AgentError("http_status", status=status)
        if not body:
            raise AgentError("empty_body")
        return FetchedPolicy(body, answer.get(wire.SIGNATURE_HEADER), answer.get("ETag", ""))

    def post(self, name: str, document: dict[str, Any]) -> dict[str, Any]:
        """Send events or status; returns the JSON answer. Raises AgentError; its `status` says how it was refused."""
        body = json.dumps(document, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json"}
        status, _, answer = self._ask("POST", f"/{name}", headers, body=body, limit=MAX_ANSWER, timeout=TIMEOUT)
        if status != HTTPStatus.OK:
            raise AgentError("http_status", status=status)
        try:
            value = json.loads(answer)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise AgentError("answer_unreadable")
        return value

    def _ask(
        self, method: str, path: str, headers: dict[str, str], *, body: bytes | None = None, limit: int, timeout: float
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        headers = {**headers, "Authorization": f"Bearer {self._token()}"}
        connection = self._connection(timeout)
        try:
            connection.request(method, self._path + path, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read(limit + 1)
            if len(content) > limit:
                raise AgentError("answer_too_large", limit=limit)
            if response.length:
                raise AgentError("truncated", missing=response.length)
            return response.status, response.headers, content
        except http.client.IncompleteRead:
            raise AgentError("truncated") from None
        except ssl.SSLError as error:
            raise AgentError("tls_failed", reason=str(error)) from None
        except TimeoutError:
            raise AgentError("timeout") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise AgentError("unreachable", reason=str(error) or type(error).__name__) from None
        finally:
            connection.close()

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        if self._tls:
            return http.client.HTTPSConnection(self._host, self._port, timeout=timeout, context=self._tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)

    def _token(self) -> str:
        """Read for each request, so that a replaced token needs no restart."""
        try:
            token = self._token_file.read_text("ascii").strip()
        except (OSError, ValueError) as error:
            raise AgentError("token_unreadable", reason=str(error)) from None
        if not token.isprintable() or not token:
            raise AgentError("token_unreadable", reason="empty")
        return token
