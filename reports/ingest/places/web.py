"""HTTPS to providers of mail, through the gate: every address is judged before anything is sent, and answers are bounded."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx
from httpcore._backends.sync import SyncStream  # how httpcore wraps a connected socket; it has no public name

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest import gate
from reports.ingest.places.place import detail
from reports.vocabulary import MailboxFault

TIMEOUT_SECONDS = 30.0
TEXT_BYTES = 16 << 20
"""No answer that is not a mail is longer."""


def client() -> httpx.Client:
    """A client that follows no redirect, asks no proxy and keeps no cookie; use it as a context manager."""
    return httpx.Client(transport=GatedTransport(), timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)


@contextmanager
def speaking() -> Iterator[None]:
    """What can go wrong in a dialogue, as MailboxError."""
    try:
        yield
    except (httpx.HTTPError, httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        if isinstance(error.__context__, ssl.SSLCertVerificationError):
            raise MailboxMisconfigured(MailboxFault.CERTIFICATE_UNTRUSTED, detail(error)) from None
        raise MailboxError(MailboxFault.CONNECTION_LOST, detail(error)) from None


def read_bounded(response: httpx.Response, *, most: int = TEXT_BYTES) -> bytes:
    """The body of a streamed answer; raises MailboxError past `most` bytes."""
    found = bytearray()
    for chunk in response.iter_bytes():
        found += chunk
        if len(found) > most:
            raise MailboxError(MailboxFault.SERVER_REFUSED, (("error", f"more than {most} bytes"),))
    return bytes(found)


class GatedTransport(httpx.BaseTransport):
    """Carries requests of httpx over connections that the gate has made; TLS verifies the name as always."""

    def __init__(self) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=ssl.create_default_context(), network_backend=_Gated())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        url = request.url
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        answer = self._pool.handle_request(asked)
        if not isinstance(answer.stream, Iterable):
            raise AssertionError("an answer for asynchronous code")
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        if hasattr(self._stream, "close"):
            self._stream.close()


class _Gated(httpcore.NetworkBackend):
    """Connects to nothing but what the gate lets through."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,  # noqa: ANN401 - the signature is httpcore's
    ) -> httpcore.NetworkStream:
        addresses = gate.resolve(host, port=port)
        connected = gate.connect(addresses, port=port, timeout=timeout or TIMEOUT_SECONDS)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else a body waits for its head to be answered
        return SyncStream(connected)
