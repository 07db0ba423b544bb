"""Takes the mail apart that nearly every reporter sends, by its bytes; whatever is unusual is left to the whole parser.

A mail is plain where its line ends are all alike, its header fields ASCII and well-formed, its parts leaves in one
multipart with a closing boundary. For these the outcome is that of reports.ingest.extraction.mime, to the byte; a test
holds both against each other. One pass, linear in the size of the mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from reports.dto import MailFacts
from reports.ingest.extraction import bodies
from reports.ingest.extraction.leaves import HEADER_LENGTH, Leaf, MailParts, address, transfer_decoded
from reports.ingest.extraction.sniffing import sniff

FIELD_LENGTH = 4000
"""A longer field may be one that the whole parser cuts, in a way that is its own."""
REPEATED_PART = 600
"""The letter beside the report is the same in many mails of a reporter."""
_FIELD = re.compile(rb"(?m)^([!-9;-~]+):([^\n]*\n(?:[ \t][^\n]*\n)*)")  # (?m)^: a long line is tried once
_TYPE = re.compile(rb"[a-z0-9.+-]+/[a-z0-9.+-]+")
_REPORTS = frozenset({b"multipart/report", b"multipart/digest"})
_PARAMETER = rb';\s*([a-z0-9-]+)\s*=\s*(?:"([^"\\<>]*)"|([^\s;"\\<>\']+))\s*'
_PARAMETERS = re.compile(rb"(?i)\s*(?:" + _PARAMETER + rb")*;?\s*")
_ONLY_PARAMETER = re.compile(rb'(?i);\s*([a-z0-9-]+)="([^"\\<>]*)"\s*')
_EACH_PARAMETER = re.compile(b"(?i)" + _PARAMETER)
_IDENTITY_ENCODINGS = frozenset({b"", b"7bit", b"8bit", b"binary"})

Fields = Mapping[bytes, bytes]


class _Unusual(Exception):
    """Something that only the whole parser understands."""


def split_plain(data: bytes) -> MailParts | None:
    """The mail in pieces; None where the whole parser has to look."""
    line_end = _line_end(data)
    if not line_end or data[:5] == b"From ":
        return None
    try:
        fields, body = _entity(data, 0, len(data), line_end)
        return MailParts(_facts(fields), tuple(_parts(data, fields, body, line_end)))
    except _Unusual:
        return None


def _line_end(data: bytes) -> bytes:
    """CRLF or LF where all lines of a mail end in it, else nothing."""
    returns = data.count(b"\r")
    if not returns:
        return b"\n"
    is_uniform = returns == data.count(b"\n") == data.count(b"\r\n")
    return b"\r\n" if is_uniform else b""


def _entity(data: bytes, start: int, end: int, line_end: bytes) -> tuple[Fields, int]:
    """The header fields that begin at `start`, and where the body after them begins."""
    if data.startswith(line_end, start):
        return {}, start + len(line_end)
    blank = data.find(line_end + line_end, start, end)
    if blank < 0:
        raise _Unusual
    head_end = blank + len(line_end)
    return _fields(data[start:head_end]), head_end + len(line_end)


def _fields(head: bytes) -> Fields:
    """The first value of each field by its name in lower case, still folded."""
    if not head.isascii() or b"\0" in head:
        raise _Unusual
    found = _FIELD.findall(head)
    lengths = [len(name) + 1 + len(value) for name, value in found]
    if sum(lengths) != len(head):  # something stands between the fields
        raise _Unusual
    if len(head) > FIELD_LENGTH < max(lengths):
        raise _Unusual
    return {name.lower(): value for name, value in reversed(found)}


def _parts(data: bytes, fields: Fields, body: int, line_end: bytes) -> Iterator[Leaf]:
    """The leaves of the mail: of its one multipart, or the mail itself."""
    kind, parameters = _content_type(fields)
    if not kind.startswith("multipart/"):
        yield _leaf(fields, kind, parameters, data[body:])
        return
    boundary = _parameters(parameters).get(b"boundary", b"").rstrip()
    if not boundary or fields.get(b"content-transfer-encoding", b"").strip().lower() not in _IDENTITY_ENCODINGS:
        raise _Unusual
    for start, end in _between(data, b"\n--" + boundary, body - 1, line_end):
        part = data[start : end + len(line_end)]
        yield _repeated_part(part, line_end) if len(part) <= REPEATED_PART else _part(part, line_end)


def _part(part: bytes, line_end: bytes) -> Leaf:
    """The leaf in the lines of a part; the end of the last one belongs to the delimiter after it."""
    end = len(part) - len(line_end)
    fields, inner = _entity(part, 0, end, line_end)
    kind, parameters = _content_type(fields)
    if kind.startswith("multipart/"):
        raise _Unusual
    return _leaf(fields, kind, parameters, part[inner:end])


_repeated_part = lru_cache(maxsize=1024)(_part)


def _between(data: bytes, delimiter: bytes, position: int, line_end: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of what lies between two delimiter lines (RFC 2046 section 5.1.1), up to the closing one."""
    found = data.find(delimiter, position)
    has_parts = False
    if bodies.has_sign(data[position:found]):
        raise _Unusual
    while found >= 0:
        after = found + len(delimiter)
        end_of_line = data.find(b"\n", after)
        rest = data[after : end_of_line if end_of_line >= 0 else len(data)].rstrip(b" \t\r")
        if rest == b"--" and has_parts and not bodies.has_sign(data[after:]):
            return
        if rest or end_of_line < 0:
            break
        start = end_of_line + 1
        found = data.find(delimiter, end_of_line)
        if found < start:
            break
        has_parts = True
        yield start, found + 1 - len(line_end)
    raise _Unusual


def _content_type(fields: Fields) -> tuple[str, bytes]:
    """Type in lower case, and its parameters from the semicolon before them on."""
    value = fields.get(b"content-type")
    if value is None:
        return "text/plain", b""
    kind, semicolon, parameters = value.partition(b";")
    return _kind(kind), semicolon + parameters


@lru_cache(maxsize=1024)
def _kind(sent: bytes) -> str:
    kind = sent.strip().lower()
    if not _TYPE.fullmatch(kind) or kind.startswith(b"message/") or kind in _REPORTS:
        raise _Unusual
    return kind.decode("ascii")


def _parameters(text: bytes) -> Fields:
    if not text:
        return {}
    if only := _ONLY_PARAMETER.fullmatch(text):
        return {only[1].lower(): only[2]}
    if not _PARAMETERS.fullmatch(text):
        raise _Unusual
    found: dict[bytes, bytes] = {}
    for name, quoted, token in _EACH_PARAMETER.findall(text):
        found.setdefault(name.lower(), quoted or token)
    return found


def _leaf(fields: Fields, kind: str, parameters: bytes, body: bytes) -> Leaf:
    disposition = fields.get(b"content-disposition", b"")
    at = disposition.find(b";")
    name = _parameters(disposition[at:]).get(b"filename") if at >= 0 else None
    named = _parameters(parameters).get(b"name", b"") if name is None else name
    encoding = fields.get(b"content-transfer-encoding")
    data, repairs = transfer_decoded(body, encoding.decode("ascii")) if encoding else (body, ())
    return Leaf(data, _text(named), kind, repairs, sniff(data))


def _facts(fields: Fields) -> MailFacts:
    if b"tls-report-domain" in fields:  # few mails have it, and those that have are multipart/report
        raise _Unusual
    sender = _text(fields.get(b"from", b""))
    return MailFacts(
        subject=_text(fields.get(b"subject", b"")),
        sender=address(sender) or sender,
        message_id=_text(fields.get(b"message-id", b"")),
        sent=_text(fields.get(b"date", b"")),
    )


def _text(value: bytes) -> str:
    if b"=?" in value:  # RFC 2047
        raise _Unusual
    return " ".join(value.decode("ascii").split())[:HEADER_LENGTH] if value else ""
