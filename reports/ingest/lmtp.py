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
from aiosmtpd.smtp import Envelope, Session, syntax
from django.db import close_old_connections

log = logging.getLogger(__name__)

CONNECTIONS = 8
"""At once; each may hold one mail in memory. A further one is told to come again."""
READERS = 2
RECIPIENTS = 1000
PIECE_BYTES = 1 << 18
"""Of a mail, looked at together. Lines may be longer, as in RFC 5321 they may not: some reporters send base64 in one."""
IDLE_SECONDS = 300.0
LONGEST_SECONDS = 3600.0
"""Of one connection: one on which nothing is read, or which only says NOOP, would hold its place for ever."""
_END = b"\r\n.\r\n"
_KEPT = "250 2.0.0 kept"
_TOO_LARGE = "552 5.3.4 larger than a mail may be"
_LATER = "451 4.3.0 try again later"

TakeMail = Callable[[bytes], object]


class Receiver:
    """What aiosmtpd asks: every recipient is taken, and a mail is taken in by a thread that may use the database."""

    def __init__(self, take: TakeMail) -> None:
        self._take = take
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="lmtp")

    async def handle_EHLO(self, _server: LMTP, session: Session, _envelope: Envelope, hostname: str, replies: list[str]) -> list[str]:  # fmt: skip
        """Named by aiosmtpd, which can do PIPELINING (RFC 2033 section 5) and leaves it out."""
        session.host_name = hostname
        return [*replies[:-1], "250-PIPELINING", replies[-1]]

    async def handle_RCPT(self, _server: LMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # fmt: skip
        """Named by aiosmtpd. Every one of a bounded number is taken: RFC 5321 section 4.5.3.1.8 asks for 100."""
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_exception(self, error: Exception) -> str:
        """Named by aiosmtpd, whose own answer would have the mail sent back, and say what broke."""
        log.error("a command could not be carried out", exc_info=error)
        return _LATER

    async def handle_DATA(self, _server: LMTP, _session: Session, envelope: Envelope) -> str:
        """Named by aiosmtpd. "250" means committed; whatever goes wrong, the other side keeps the mail. No content: too large."""
        content = envelope.original_content
        if content is None:
            return _TOO_LARGE
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

    line_length_limit = PIECE_BYTES

    def __init__(self, receiver: Receiver, *, open_ones: set[Conversation], **options: Any) -> None:
        super().__init__(receiver, **options)
        self._open_ones = open_ones
        self._replies = 1
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse a connection too many before it may send anything."""
        if len(self._open_ones) >= CONNECTIONS and isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 too many connections\r\n")
            transport.close()
            return
        self._open_ones.add(self)
        super().connection_made(transport)
        if isinstance(transport, asyncio.WriteTransport):
            self._end = self.loop.call_later(LONGEST_SECONDS, transport.abort)

    def connection_lost(self, error: Exception | None) -> None:
        """Make room."""
        if self in self._open_ones:
            self._open_ones.remove(self)
            if self._end:
                self._end.cancel()
            super().connection_lost(error)

    async def push(self, status: str | bytes) -> None:
        """One reply, or after DATA as many as there are recipients."""
        text = status.decode() if isinstance(status, bytes) else status
        replies, self._replies = self._replies, 1
        if text.startswith("354") and self.envelope is not None:
            self._replies = len(self.envelope.rcpt_tos)  # it is emptied before the next reply
        for _ in range(replies):
            await super().push(text)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:
        """Named by aiosmtpd. Its own keeps an object for each line, and an endless line without end."""
        if self.envelope is None or await self.check_helo_needed("LHLO"):
            return
        if arg or not self.envelope.rcpt_tos:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        self.envelope.original_content = await self._content()
        reply = await self._call_handler_hook("DATA")
        self.envelope = self._create_envelope()
        await self.push(reply)

    async def _content(self) -> bytes | None:
        """The mail up to the line that is a dot, without the dots put before others (RFC 5321 section 4.5.2); None if too long.

        Only CR LF ends a line here: what else might pass for the end of a mail is part of it.
        """
        content, size, is_ended = bytearray(), 0, False
        self._reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # so that the first line may be the dot
        while not is_ended:
            try:
                piece = await self._reader.readuntil(_END)
                is_ended = True
            except asyncio.LimitOverrunError as overrun:
                piece = await self._reader.read(overrun.consumed)
            size += len(piece)
            if size - len(_END) <= (self.data_size_limit or size):
                content += piece
            else:
                content.clear()
        if not content:
            return None
        return bytes(content[: -len(b".\r\n")].replace(b"\r\n.", b"\r\n"))[len(b"\r\n") :]


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
