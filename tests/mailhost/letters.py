"""Owns how a test letter is written and handed to SMTP under another client's address (XCLIENT); judges nothing."""

from __future__ import annotations

import ipaddress
import smtplib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from tests.mailhost import zones

_DATA_ENDS = 250


@dataclass(frozen=True)
class Reply:
    """The SMTP server's last word about one letter."""

    code: int
    text: str
    message_id: str


def letter(
    header_from: str = "hr@example.com", *, to: str = "staff@example.com", subject: str = "Test", body: str = "Hello\n",
    extra: Sequence[tuple[str, str]] = (),
) -> bytes:  # fmt: skip
    """Return one plain letter with CRLF lines and a fresh Message-ID; ``extra`` headers come first, as given."""
    headers = [
        *extra,
        ("From", header_from),
        ("To", to),
        ("Subject", subject),
        ("Message-ID", f"<{uuid.uuid4()}@test.example>"),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return (head + "\r\n" + body.replace("\n", "\r\n")).encode()


def message_id(content: bytes) -> str:
    """Return the Message-ID of a letter made by letter()."""
    for line in content.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
        if line.lower().startswith(b"message-id:"):
            return line.partition(b":")[2].strip().decode()
    return ""


def submit(
    content: bytes, *, port: int, source: str, sender: str, recipients: Sequence[str], login: str | None = None
) -> Reply:
    """Send ``content`` to 127.0.0.1:``port`` as if ``source`` had connected; returns the reply to DATA, or the first refusal.

    The client's name is what the test zones say of ``source``; ``login`` makes it an authenticated session.
    """
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.ehlo("test.example")
        _xclient(client, source=source, login=login)
        client.ehlo(zones.NAMES.get(source, "unknown.example"))
        code, text = client.mail(sender)
        for recipient in recipients:
            if code == _DATA_ENDS:
                code, text = client.rcpt(recipient)
        if code == _DATA_ENDS:
            code, text = client.data(content)
    return Reply(code, text.decode(errors="replace"), message_id(content))


def _xclient(client: smtplib.SMTP, *, source: str, login: str | None) -> None:
    address = f"IPV6:{source}" if ipaddress.ip_address(source).version != 4 else source
    words = [f"ADDR={address}", f"NAME={zones.NAMES.get(source, '[UNAVAILABLE]')}"]
    if login is not None:
        words.append(f"LOGIN={login}")
    code, text = client.docmd("XCLIENT", " ".join(words))
    if code != 220:
        raise smtplib.SMTPResponseException(code, text)
