"""What the demo organisation's own mail server writes on top of a mail: what it found, and whence it came (RFC 8601, RFC 5321)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

from dmarcsite.demo.cast import GATEWAY
from dmarcsite.demo.envelopes import DemoMail

SERVER = GATEWAY.host
"""The organisation believes its results, as of those of a server of one's own."""


def delivered(mail: DemoMail) -> DemoMail:
    """The mail as it lies in the mailbox. Its sender is proven by DKIM, or by nothing."""
    host = mail.reporter.host
    if mail.reporter.is_proven:
        found = f"dkim=pass header.d={host} header.s=reports; dmarc=pass header.from={host}"
    else:
        found = f"dkim=none; dmarc=none header.from={host}"
    date = format_datetime(datetime.fromtimestamp(mail.sent_at, UTC))
    top = f"Authentication-Results: {SERVER};\r\n {found}\r\nReceived: from {host} by {SERVER}\r\n with ESMTPS; {date}\r\n"
    return replace(mail, content=top.encode() + mail.content)
