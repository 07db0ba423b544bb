"""LMTP (RFC 2033): a mail server hands mails over, and is told 250 only when they are committed. Knows no organisation.

The line ends that LMTP demands stay as they came.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session
from django.db import close_old_connections

log = logging.getLogger(__name__)

CONNECTIONS = 8
"""At once; each may hold one mail in memory. A further one is told to come again."""
READERS = 2
LINE_BYTES = 1 << 20
"""Longer than RFC 5321 allows: some reporters send base64 in one line."""
IDLE_SECONDS = 300.0
_KEPT = "250 2.0.0 kept"
_LATER = "451 4.3.0 try again later"

TakeMail = Callable[[bytes], object]


class Receiver:
    """What aiosmtpd asks: every recipient is taken, and a mail is taken in by a thread that may use the database."""

    def __init__(self, take: TakeMail) -> None:
        self._take = take
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="lmtp")

    async def handle_DATA(self, _server: LMTP, _session: Session, envelope: Envelope) -> str:
        """Named by aiosmtpd. "250" means committed; whatever goes wrong, the other side keeps the mail."""
        content = envelope.original_content or b""
        try:
            await asyncio.get_running_loop().run_in_executor(self._readers, partial(self._take_in, content))
        except Exception:  # the database is away, or a fault of ours: neither is the mail's
            log.exception("a mail could not be taken in")
            return _LATER
        return _KEPT

    def _take_in(self, content: bytes) -> None:
        close_old_connections()
        try:
            self._take(content)
        finally:
            close_old_connections()


class Conversation(LMTP):
    """One connection. After DATA each recipient gets a reply of its own (RFC 2033 section 4.2), which aiosmtpd leaves out."""

    line_length_limit = LINE_BYTES

    def __init__(self, receiver: Receiver, *, open_ones: set[Conversation], **options: Any) -> None:
        super().__init__(receiver, **options)
        self._open_ones = open_ones
        self._replies = 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse a connection too many before it may send anything."""
        if len(self._open_ones) >= CONNECTIONS and isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 too many connections\r\n")
            transport.close()
            return
        self._open_ones.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Make room."""
        if self in self._open_ones:
            self._open_ones.remove(self)
            super().connection_lost(error)

    async def push(self, status: str | bytes) -> None:
        """One reply, or after DATA as many as there are recipients."""
        text = status.decode() if isinstance(status, bytes) else status
        replies, self._replies = self._replies, 1
        if text.startswith("354") and self.envelope is not None:
            self._replies = len(self.envelope.rcpt_tos)  # it is emptied before the next reply
        for _ in range(replies):
            await super().push(text)


async def serve(take: TakeMail, *, path: Path | None, address: tuple[str, int] | None, limit: int, ready: Callable[[], None], stop: asyncio.Event) -> None:  # fmt: skip
    """Serve at a Unix socket or a TCP address until `stop` is set; mails of more than `limit` bytes are refused (552)."""
    receiver, open_ones = Receiver(take), set[Conversation]()
    loop = asyncio.get_running_loop()

    def conversation() -> Conversation:
        return Conversation(
            receiver, open_ones=open_ones, data_size_limit=limit, enable_SMTPUTF8=True, hostname="sekimori",
            ident="Sekimori LMTP", timeout=IDLE_SECONDS, loop=loop,
        )  # fmt: skip

    if path:
        server = await loop.create_unix_server(conversation, path=str(path))
    else:
        host, port = address or ("127.0.0.1", 0)
        server = await loop.create_server(conversation, host=host, port=port)
    async with server:
        ready()
        await stop.wait()
    if path:
        path.unlink(missing_ok=True)
