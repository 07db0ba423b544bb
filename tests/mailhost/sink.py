"""Owns the place where accepted mail ends: an SMTP server in this process that keeps each message for the test."""

from __future__ import annotations

import email
import email.policy
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from tests.mailhost.daemon import NotReady, free_port


@dataclass(frozen=True)
class Delivered:
    """One accepted message with its envelope."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The parsed message."""
        return email.message_from_bytes(self.content, policy=email.policy.default)

    @property
    def message_id(self) -> str:
        """Its Message-ID, empty when it has none."""
        return str(self.message["Message-ID"] or "").strip()


class Sink:
    """SMTP on 127.0.0.1:``port`` that takes everything."""

    def __init__(self) -> None:
        self.port = free_port()
        self._arrived: list[Delivered] = []
        self._changed = threading.Condition()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def start(self) -> None:
        """Listen."""
        self._controller.start()

    def stop(self) -> None:
        """Stop listening."""
        self._controller.stop()

    def wait_for(self, message_id: str, *, seconds: float = 20.0) -> Delivered:
        """Return the message with this Message-ID as soon as it is here; raises NotReady after ``seconds``."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._find(message_id), timeout=seconds):
                raise NotReady(f"{message_id} was not delivered within {seconds:g} s")
            return self._find(message_id)[0]

    def has(self, message_id: str) -> bool:
        """Say whether a message with this Message-ID has arrived so far."""
        with self._changed:
            return bool(self._find(message_id))

    def _find(self, message_id: str) -> list[Delivered]:
        return [mail for mail in self._arrived if mail.message_id == message_id]

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keep one message (called by aiosmtpd)."""
        with self._changed:
            self._arrived.append(Delivered(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content))
            self._changed.notify_all()
        return "250 kept"
