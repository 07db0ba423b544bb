"""Takes a mail apart into decoded leaves, by the standard library's parser, which never refuses a mail.

Attached messages are kept as bytes and looked at again by whoever asked, like any other part.
"""

from __future__ import annotations

import binascii
import quopri
from collections.abc import Iterator
from email.errors import MessageError
from email.feedparser import BytesFeedParser
from email.header import decode_header, make_header
from email.message import Message
from email.policy import Compat32
from email.utils import parseaddr, parsedate_to_datetime
from typing import NamedTuple

from reports.dto import MailFacts
from reports.errors import LimitExceeded
from reports.ingest.extraction.base64text import decode_base64
from reports.vocabulary import Reason, RepairCode

HEADER_LENGTH = 998
FIELD_LENGTH = 4096


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


class Leaf(NamedTuple):
    data: bytes
    filename: str
    declared_type: str
    repairs: tuple[RepairCode, ...]


def parse_mail(data: bytes) -> Message[str, str]:
    """The tree of a mail; raises `LimitExceeded` where its parts are nested beyond what the parser can follow."""
    parser = BytesFeedParser(HeldMessage, policy=BoundedHeaders())
    try:
        parser.feed(data.lstrip(b"\r\n \t").removeprefix(b"\xef\xbb\xbf"))
        return parser.close()
    except RecursionError:
        raise LimitExceeded(Reason.TOO_DEEP, (("limit", "mail"),)) from None


def leaves(mail: Message[str, str]) -> Iterator[Leaf]:
    """All parts that hold content, decoded, in document order."""
    for part in mail.walk():
        if not part.is_multipart() and isinstance(part, HeldMessage):
            yield _leaf(part)


def facts(mail: Message[str, str]) -> MailFacts:
    return MailFacts(
        subject=header(mail, "Subject"),
        sender=address(header(mail, "From")) or header(mail, "From"),
        message_id=header(mail, "Message-ID"),
        date=_date(header(mail, "Date")),
    )


def address(text: str) -> str:
    """The mail address in a field that names one; "" where none can be found."""
    try:
        return parseaddr(text)[1]
    except RecursionError:  # comments within comments
        return ""


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


def _date(text: str) -> int | None:
    try:
        return int(parsedate_to_datetime(text).timestamp())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _leaf(part: HeldMessage) -> Leaf:
    encoding = _encoding(part)
    del part["Content-Transfer-Encoding"]  # so that what comes next are the bytes as they were sent
    body = part.get_payload(decode=True)
    data, repairs = _transfer_decoded(body if isinstance(body, bytes) else b"", encoding)
    return Leaf(data, _filename(part), part.declared_type, repairs)


def _encoding(part: HeldMessage) -> str:
    words = str(part.get("Content-Transfer-Encoding", "")).lower().replace(";", " ").replace('"', " ").split()
    return words[0] if words else ""


def _transfer_decoded(body: bytes, encoding: str) -> tuple[bytes, tuple[RepairCode, ...]]:
    if encoding == "base64" and not body.lstrip().startswith((b"<", b"{", b"PK\x03\x04", b"\x1f\x8b")):
        data, is_damaged = decode_base64(body)
        return data, (RepairCode.BASE64_DAMAGED,) if is_damaged else ()
    if encoding == "quoted-printable":
        return quopri.decodestring(body), ()
    return body, ()


def _filename(part: HeldMessage) -> str:
    try:
        return _decoded(part.get_filename(""))[:HEADER_LENGTH]
    except (ValueError, LookupError, TypeError, AttributeError, binascii.Error):
        return ""
