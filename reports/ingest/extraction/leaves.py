"""What a mail consists of once it is taken apart, whichever parser did it, and the decoding that both share."""

from __future__ import annotations

import codecs
import quopri
import re
from email.utils import parseaddr
from functools import lru_cache
from typing import NamedTuple

from reports.dto import MailFacts
from reports.ingest.extraction.base64text import decode_base64
from reports.ingest.extraction.sniffing import Form
from reports.vocabulary import RepairCode

HEADER_LENGTH = 998
_BLANK_AFTER_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
"""Added on the way, and to be taken off before anything else (RFC 2045 section 6.7)."""
_BEFORE = b"\r\n \t\f\v\0"
_DOUBLED = b"\r\r\n"
"""What writing a mail with network line ends as text makes of them."""
_SPACED_OUT = re.compile(rb"(?:[!-9;-~]+:[^\n]*\n\n){2}[!-9;-~ \t]+:")
"""Two line feeds for each network line end, with all lines of the mail."""
INDENTATION_LENGTH = 40
_BARE_CONTENT = (b"<", b"{", b"PK\x03\x04", b"\x1f\x8b", b"begin ", b"data:")
"""What says that content is base64 and begins like this, is not."""


class Leaf(NamedTuple):
    """A part that holds content, decoded; `form` is what it is by its bytes."""

    data: bytes
    filename: str
    declared_type: str
    repairs: tuple[RepairCode, ...]
    form: Form


class MailParts(NamedTuple):
    """`is_delivery_report`: the mail calls itself a delivery status notification (RFC 3464)."""

    facts: MailFacts
    leaves: tuple[Leaf, ...]
    is_delivery_report: bool = False


def from_first_field(data: bytes) -> bytes:
    """The mail without what some programs put before its first header field, and before each of its lines."""
    mail = data.lstrip(_BEFORE).removeprefix(codecs.BOM_UTF8).lstrip(_BEFORE)
    indentation = data[: len(data) - len(mail)].rpartition(b"\n")[2]
    first_end = mail.find(b"\n") + 1
    if mail.endswith(_DOUBLED, 0, first_end):
        mail = mail.replace(_DOUBLED, b"\r\n")
    elif _SPACED_OUT.match(mail) and mail.count(b"\n\n") * 2 >= mail.count(b"\n") - 1:
        mail = mail.replace(b"\n\n", b"\n")
    return _without(indentation, mail) if indentation and not indentation.strip(b" \t") else mail


def _without(indentation: bytes, mail: bytes) -> bytes:
    """The mail without an indentation that all of its lines have but the first."""
    if len(indentation) > INDENTATION_LENGTH:
        return mail
    other_line = re.compile(rb"\n(?!" + indentation + rb"|[ \t\r]*(?:\n|\Z))")
    return mail if other_line.search(mail) else mail.replace(b"\n" + indentation, b"\n")


@lru_cache(maxsize=4096)  # a reporter sends from one address, and parsing it costs more than the rest of a small mail
def address(text: str) -> str:
    """The mail address in a field that names one; "" where none can be found."""
    try:
        return parseaddr(text)[1]
    except RecursionError:  # comments within comments
        return ""


@lru_cache(maxsize=64)
def _first_word(encoding: str) -> str:
    words = encoding.lower().replace(";", " ").replace('"', " ").split()
    return words[0] if words else ""


def transfer_decoded(body: bytes, encoding: str) -> tuple[bytes, tuple[RepairCode, ...]]:
    """The body without its transfer encoding, of which the first word counts (RFC 2045 section 6)."""
    word = _first_word(encoding)
    if word == "base64" and not body.lstrip().startswith(_BARE_CONTENT):
        data, is_damaged = decode_base64(body)
        return data, (RepairCode.BASE64_DAMAGED,) if is_damaged else ()
    if word == "quoted-printable":
        return quopri.decodestring(_BLANK_AFTER_BREAK.sub(b"=", body)), ()
    return body, ()
