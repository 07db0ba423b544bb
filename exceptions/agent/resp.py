"""A Redis connection in the standard library (RESP2): one command at a time, replies as Python values, nothing more."""

from __future__ import annotations

import socket

from exceptions.errors import AgentError

Reply = int | bytes | list["Reply"] | None
MAX_BULK = 16 * 1024 * 1024
TIMEOUT = 10.0
"""Seconds; longer than any BLOCK that is asked for."""


class Redis:
    """Connect to a Unix socket's path or to host:port; every failure is AgentError and ends the connection."""

    def __init__(self, address: str) -> None:
        try:
            if address.startswith("/"):
                self._socket = socket.socket(socket.AF_UNIX)
                self._socket.settimeout(TIMEOUT)
                self._socket.connect(address)
            else:
                host, _, port = address.rpartition(":")
                self._socket = socket.create_connection((host.strip("[]"), int(port)), timeout=TIMEOUT)
        except (OSError, ValueError) as error:
            raise AgentError("redis_unreachable", reason=str(error)) from None
        self._replies = self._socket.makefile("rb")

    def close(self) -> None:
        self._replies.close()
        self._socket.close()

    def ask(self, *words: str | bytes | int) -> Reply:
        """Send one command and return its reply. Raises AgentError: redis_error (the server's word), redis_lost."""
        parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        frame = [b"*%d\r\n" % len(parts), *(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)]
        try:
            self._socket.sendall(b"".join(frame))
            reply, failure = self._reply()
        except (OSError, ValueError) as error:
            raise AgentError("redis_lost", reason=str(error)) from None
        if failure:
            raise AgentError("redis_error", reason=failure)
        return reply

    def _reply(self) -> tuple[Reply, str]:
        """The next value, and the server's complaint where it is one."""
        line = self._replies.readline(64 * 1024)
        if not line.endswith(b"\r\n"):
            raise ValueError("connection closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest, ""
        if kind == b"-":
            return None, rest.decode(errors="replace")
        number = int(rest)
        if kind == b":":
            return number, ""
        if number < 0:
            return None, ""
        if kind == b"*":
            return [self._reply()[0] for _ in range(number)], ""
        if kind == b"$" and number <= MAX_BULK:
            return self._bulk(number), ""
        raise ValueError("not RESP")

    def _bulk(self, length: int) -> bytes:
        content = self._replies.read(length + 2)
        if len(content) != length + 2:
            raise ValueError("connection closed")
        return content[:-2]
