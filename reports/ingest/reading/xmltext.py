"""Turns the bytes of an XML report into UTF-8 that starts at the root element, without any DTD. Parses nothing.

The prolog (declaration, comments, DOCTYPE, stray text) never reaches the XML parser: what it says about the encoding is
obeyed here, and an entity definition in it is refused, so that nothing can be expanded.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from reports.errors import Unreadable
from reports.ingest.reading.repairs import Repairs
from reports.vocabulary import Reason, RepairCode

UNDECLARED_NAMESPACE = "urn:undeclared-prefix"
CHUNK = 1 << 16
PROLOG_LENGTH = 1 << 20

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""", re.I)
_ROOT = re.compile(rb"(?si)<!--.*?-->|<((?:[\w.-]+:)?feedback)(?=[\s/>])")
_ORPHAN = re.compile(rb"(?i)<(?:report_metadata|policy_published|record)\b")
_LEGAL_PROLOG = re.compile(rb"(?si)<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>|\s+")


@dataclass(frozen=True, slots=True)
class XmlText:
    """UTF-8 `data` to be parsed from `start` on, after `before` has been parsed."""

    data: bytes
    start: int
    before: bytes = b""

    def chunks(self) -> Iterator[bytes]:
        if self.before:
            yield self.before
        for offset in range(self.start, len(self.data), CHUNK):
            yield self.data[offset : min(offset + CHUNK, len(self.data))]


def prepare(data: bytes, *, repairs: Repairs) -> XmlText:
    """Find the root element; raise `Unreadable` where there is none or where the DOCTYPE defines entities."""
    data = _to_utf8(data, repairs=repairs)
    for found in _ROOT.finditer(data, 0, PROLOG_LENGTH):
        if found[1]:
            return _from_root(data, found.start(), found[1], repairs=repairs)
    orphan = _ORPHAN.search(data, 0, PROLOG_LENGTH)
    if not orphan:
        raise Unreadable(Reason.NOT_AGGREGATE if b"<" in data[:PROLOG_LENGTH] else Reason.NOT_XML)
    _check_prolog(data[: orphan.start()], repairs=repairs)
    repairs.note(RepairCode.ROOT_MISSING)
    return XmlText(data, orphan.start(), b"<feedback>")


def _from_root(data: bytes, start: int, name: bytes, *, repairs: Repairs) -> XmlText:
    _check_prolog(data[:start], repairs=repairs)
    prefix = name.rpartition(b":")[0]
    after = start + 1 + len(name)
    if not prefix or b"xmlns:" + prefix in data[after : data.find(b">", after) + 1]:
        return XmlText(data, start)
    repairs.note(RepairCode.UNDECLARED_PREFIX, "feedback", prefix.decode("utf-8", "replace"))
    return XmlText(data, after, b"<" + name + b" xmlns:" + prefix + b'="' + UNDECLARED_NAMESPACE.encode() + b'"')


def _check_prolog(prolog: bytes, *, repairs: Repairs) -> None:
    if re.search(rb"(?i)<!ENTITY", prolog):
        raise Unreadable(Reason.DOCTYPE_ENTITIES)
    if re.search(rb"(?i)<!DOCTYPE", prolog):
        repairs.note(RepairCode.DOCTYPE_IGNORED)
    stray = _LEGAL_PROLOG.sub(b"", prolog)
    if stray:
        repairs.note(RepairCode.TEXT_BEFORE_XML, "", stray[:200].decode("utf-8", "replace"))


def _to_utf8(data: bytes, *, repairs: Repairs) -> bytes:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            repairs.note(RepairCode.BYTE_ORDER_MARK, "", encoding)
            data = data[len(mark) :]
            return _checked_utf8(data, repairs=repairs) if encoding == "utf-8" else _converted(data, encoding)
    unmarked = _unmarked_wide(data)
    if unmarked:
        repairs.note(RepairCode.ENCODING_GUESSED, "", unmarked)
        return _converted(data, unmarked)
    declared = _DECLARED.search(data, 0, CHUNK)
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    try:
        b"".decode(name)  # refuses "hex", "zlib" and other codecs that are none for text
        encoding = codecs.lookup(name).name
    except LookupError:
        encoding = "utf-8"
    if encoding in ("utf-8", "ascii") or encoding.startswith(("utf-16", "utf-32")):
        return _checked_utf8(data, repairs=repairs)
    if not data.isascii():
        repairs.note(RepairCode.ENCODING_CONVERTED, "", name)
    return _converted(data, encoding)


def _converted(data: bytes, encoding: str) -> bytes:
    return data.decode(encoding, "replace").encode("utf-8")


def _unmarked_wide(data: bytes) -> str:
    head = data[:64].lstrip(b"\r\n\t \0")
    if head.startswith(b"<\0") and b"\0" in head[3:4]:
        return "utf-16-le"
    return "utf-16-be" if data[:2] == b"\0<" else ""


def _checked_utf8(data: bytes, *, repairs: Repairs) -> bytes:
    if data.isascii():
        return data
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for offset in range(0, len(data), CHUNK):
            decoder.decode(data[offset : offset + CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        repairs.note(RepairCode.ENCODING_GUESSED, "", "windows-1252")
        return data.decode("utf-8", _BY_CP1252).encode("utf-8")
    return data


_BY_CP1252 = "sekimori.cp1252"


def _byte_by_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_BY_CP1252, _byte_by_cp1252)
