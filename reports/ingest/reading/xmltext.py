"""Turns the bytes of an XML report into UTF-8 that starts at the root element, without any DTD. Parses nothing.

The prolog (declaration, comments, DOCTYPE, stray text) never reaches the XML parser, and an entity definition in it is
refused, so that nothing can be expanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from reports.errors import Unreadable
from reports.ingest.extraction.documents import other_root
from reports.ingest.reading.encodings import CHUNK, to_utf8
from reports.ingest.reading.repairs import Repairs
from reports.vocabulary import Reason, RepairCode

UNDECLARED_NAMESPACE = "urn:undeclared-prefix"
ORPHAN_ROOT = b"<feedback>"
PROLOG_LENGTH = 1 << 20
PROLOG_SHOWN = 2000
REFERENCE_DIGITS = 7

_ROOT = re.compile(rb"(?i)<((?:[\w.-]+:)?feedback)(?=[\s/>])")
_ORPHAN = re.compile(rb"(?i)<(?:[\w.-]+:)?(?:report[_-]?metadata|policy[_-]?published|record)(?=[\s/>])")
_REFERENCE = re.compile(rb"&#([0-9]+|[xX][0-9a-fA-F]+);?")
_LEGAL = ((9, 10, 13), range(0x20, 0xD800), range(0xE000, 0xFFFE), range(0x10000, 0x110000))  # XML 1.0 section 2.2
_USUAL_START = re.compile(
    rb"""(?i)(?:<\?xml version=["']1\.0["'](?: encoding=["']utf-8["'])? ?\?>\s*)?(?=<feedback[ >])"""
)
_USUAL_PROLOG = re.compile(rb"(?:<\?xml [^<>?]{0,100}\?>)?\s*")
_ENDS = re.compile(rb"(?:\s*+</[\w.:-]++\s*+>)++\s*+")
_LEGAL_PROLOG = re.compile(rb"(?s)<\?.*?\?>|<!--.*?-->|\s+")


class XmlText(NamedTuple):
    """UTF-8 `data` to be parsed from `start` on, after `before` has been parsed. `root`: what its root is called, lower case."""

    data: bytes
    start: int
    before: bytes = b""
    root: bytes = b"feedback"

    def chunks(self) -> Iterator[bytes]:
        if self.before:
            yield self.before
        for offset in range(self.start, len(self.data), CHUNK):
            yield self.data[offset : min(offset + CHUNK, len(self.data))]


def prepare(data: bytes, *, repairs: Repairs) -> XmlText:
    """Find the root element; raise `Unreadable` where there is none or where the DOCTYPE defines entities."""
    return prepare_usual(data) or _prepare_whole(data, repairs=repairs)


def prepare_usual(data: bytes) -> XmlText | None:
    """The text where there is nothing to do for it, as for most reports."""
    start = _USUAL_START.match(data)
    return XmlText(data, start.end()) if start and data.isascii() and b"&" not in data else None


def _prepare_whole(data: bytes, *, repairs: Repairs) -> XmlText:
    data = _with_legal_references(to_utf8(data, repairs=repairs), repairs=repairs)
    root = _find_root(data)
    if root:
        return _from_root(data, root.start(), root[1], repairs=repairs)
    orphan = _ORPHAN.search(data, 0, PROLOG_LENGTH)
    if not orphan:
        raise Unreadable(Reason.NOT_AGGREGATE if b"<" in data[:PROLOG_LENGTH] else Reason.NOT_XML)
    root = other_root(data, orphan.start())
    if root:
        repairs.note(RepairCode.ROOT_NAME, "", root[1].decode("utf-8", "replace"))
        return _from_root(data, root.start(), root[1], repairs=repairs)
    _check_prolog(data[: orphan.start()], repairs=repairs)
    repairs.note(RepairCode.ROOT_MISSING)
    return XmlText(data, orphan.start(), ORPHAN_ROOT)


def _find_root(data: bytes) -> re.Match[bytes] | None:
    """The first root element outside comments. Each byte is looked at a fixed number of times, however it is spoilt."""
    position = 0
    root = _ROOT.search(data, 0, PROLOG_LENGTH)
    while root and (comment := data.find(b"<!--", position, root.start())) >= 0:
        position = data.find(b"-->", comment)
        if position < 0:
            break
        if position > root.start():
            root = _ROOT.search(data, position, PROLOG_LENGTH)
    return root


def _from_root(data: bytes, start: int, name: bytes, *, repairs: Repairs) -> XmlText:
    _check_prolog(data[:start], repairs=repairs)
    data = _without_wrapping(data, start, name)
    prefix, _, local = name.lower().rpartition(b":")
    prefix = name[: len(prefix)]
    after = start + 1 + len(name)
    if not prefix or b"xmlns:" + prefix in data[after : data.find(b">", after) + 1]:
        return XmlText(data, start, root=local)
    repairs.note(RepairCode.UNDECLARED_PREFIX, "feedback", prefix.decode("utf-8", "replace"))
    return XmlText(data, after, b"<" + name + b" xmlns:" + prefix + b'="' + UNDECLARED_NAMESPACE.encode() + b'"', local)


def _without_wrapping(data: bytes, start: int, name: bytes) -> bytes:
    """The text up to the end of its root element, where nothing follows but the ends of elements around that."""
    close = b"</" + name + b">"
    end = data.rfind(close) + len(close) if b"<" in data[:start] else 0
    return data[:end] if end > start and _ENDS.fullmatch(data, end) else data


def _check_prolog(prolog: bytes, *, repairs: Repairs) -> None:
    if _USUAL_PROLOG.fullmatch(prolog):
        return
    if re.search(rb"(?i)<!ENTITY", prolog):
        raise Unreadable(Reason.DOCTYPE_ENTITIES)
    if re.search(rb"(?i)<!DOCTYPE", prolog):
        repairs.note(RepairCode.DOCTYPE_IGNORED)
    elif stray := _LEGAL_PROLOG.sub(b"", prolog[:PROLOG_SHOWN]):
        repairs.note(RepairCode.TEXT_BEFORE_XML, "", stray[:200].decode("utf-8", "replace"))


def _with_legal_references(data: bytes, *, repairs: Repairs) -> bytes:
    """Without references to characters that XML forbids: libxml2 lets them through, and lxml then fails on surrogates."""
    if b"&#" not in data:
        return data
    legal = _REFERENCE.sub(lambda found: found[0] if _is_legal(found[1]) else b"", data)
    if legal != data:
        repairs.note(RepairCode.CONTROL_CHARACTERS)
    return legal


def _is_legal(reference: bytes) -> bool:
    digits = reference.lstrip(b"xX0")
    if len(digits) > REFERENCE_DIGITS:
        return False
    code = int(digits or b"0", 16 if reference[:1] in b"xX" else 10)
    return any(code in block for block in _LEGAL)
