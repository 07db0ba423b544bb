"""Takes a mail apart into decoded leaves, by the standard library's parser, which never refuses a mail.

Attached messages are kept as bytes and looked at again by whoever asked, like any other part.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from email.errors import MessageError
from email.feedparser import BytesFeedParser
from email.header import decode_header, make_header
from email.message import Message
from email.policy import Compat32

from reports.dto import MailFacts
from reports.errors import LimitExceeded
from reports.ingest.extraction import bodies
from reports.ingest.extraction.leaves import HEADER_LENGTH, Leaf, MailParts, address, from_first_field, transfer_decoded
from reports.ingest.extraction.sniffing import sniff
from reports.vocabulary import Reason

FIELD_LENGTH = 4096
_HEAD = re.compile(rb"(?m)(?:\A|^--[^\n]+\n)(?:[!-9;-~]+[ \t]*:[^\n]*\n(?:[ \t][^\n]*\n)*+)++")
_BLANK_IN_NAME = re.compile(rb"(?m)^([!-9;-~]+)[ \t]+:")
PARTS_DEEP = 50
"""Each line is compared with the boundaries of all parts around it."""


class BoundedHeaders(Compat32):
    """Cuts header fields: the standard library's parameter parser takes quadratic time."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:FIELD_LENGTH]


class HeldMessage(Message):
    """A message whose attached messages stay bytes: the parser is told that they are something else."""

    def get_content_type(self) -> str:
        declared = self.declared_type
        return "application/octet-stream" if declared.startswith("message/") else declared

    @property
    def declared_type(self) -> str:
        return super().get_content_type()


class _BoundedParser(BytesFeedParser):
    """The standard library's, which has no limit of its own and no public name for the depth."""

    def _new_message(self) -> None:
        super()._new_message()  # type: ignore[misc]
        if len(self._msgstack) > PARTS_DEEP:  # type: ignore[attr-defined]
            raise LimitExceeded(Reason.TOO_DEEP, (("limit", str(PARTS_DEEP)),))


def parse_mail(data: bytes) -> Message[str, str]:
    """The tree of a mail; raises `LimitExceeded` where its parts are nested more than PARTS_DEEP times."""
    parser = _BoundedParser(HeldMessage, policy=BoundedHeaders())
    parser.feed(_with_whole_names(from_first_field(data)))
    return parser.close()


def _with_whole_names(mail: bytes) -> bytes:
    """The mail without blanks between the name of a header field and its colon (RFC 5322 section 4.5.8 has them)."""
    if not _BLANK_IN_NAME.search(mail):
        return mail
    return _HEAD.sub(lambda head: _BLANK_IN_NAME.sub(rb"\1:", head[0]), mail)


def leaves(mail: Message[str, str]) -> Iterator[Leaf]:
    """All parts that hold content, decoded, in document order; then what stands outside of them and may be a report."""
    outside: list[str | None] = []
    for part in mail.walk():
        if part.is_multipart():
            outside += (part.preamble, part.epilogue)
        elif isinstance(part, HeldMessage):
            yield _leaf(part)
    for text in outside:
        data = text.encode("ascii", "surrogateescape") if text else b""
        if any(bodies.find_blocks(data)):
            yield Leaf(data, "", "text/plain", (), sniff(data))


def take_whole(data: bytes) -> MailParts:
    """The mail in pieces; raises `LimitExceeded` where its parts are nested more than PARTS_DEEP times."""
    mail = parse_mail(data)
    is_delivery_report = str(mail.get_param("report-type", "")).lower() == "delivery-status"
    return MailParts(_facts(mail), tuple(leaves(mail)), is_delivery_report)


def _facts(mail: Message[str, str]) -> MailFacts:
    sender = header(mail, "From")
    return MailFacts(
        subject=header(mail, "Subject"),
        sender=address(sender) or sender,
        message_id=header(mail, "Message-ID"),
        sent=header(mail, "Date"),
        report_domain=header(mail, "TLS-Report-Domain"),
        report_submitter=header(mail, "TLS-Report-Submitter"),
    )


def header(mail: Message[str, str], name: str) -> str:
    """One header decoded (RFC 2047), unfolded and bounded; "" where there is none."""
    return _decoded(mail.get(name, ""))


def _decoded(value: object) -> str:
    raw = str(value)
    try:
        text = str(make_header(decode_header(raw)))
    except (MessageError, LookupError, UnicodeError, ValueError):
        text = raw
    text = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return " ".join(text.split())[:HEADER_LENGTH]


def _leaf(part: HeldMessage) -> Leaf:
    encoding = str(part.get("Content-Transfer-Encoding", ""))
    del part["Content-Transfer-Encoding"]  # so that what comes next are the bytes as they were sent
    body = part.get_payload(decode=True)
    data, repairs = transfer_decoded(body if isinstance(body, bytes) else b"", encoding)
    return Leaf(data, _filename(part), part.declared_type, repairs, sniff(data))


def _filename(part: HeldMessage) -> str:
    try:
        return _decoded(part.get_filename(""))[:HEADER_LENGTH]
    except (ValueError, LookupError, TypeError, AttributeError, binascii.Error):
        return ""
