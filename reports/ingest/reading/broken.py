"""Takes broken XML apart at its records, so that none of them takes another one with it. Interprets none of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from reports.ingest.reading.xmltext import ORPHAN_ROOT, XmlText
from reports.vocabulary import Reason

PIECE_LENGTH = 1 << 20
"""Bytes. The largest real records, with a hundred signatures, have 30 kB."""
SHOWN = 4000
ROOT_LENGTH = 1 << 10
"""It is parsed once more with each record."""
_TAG = re.compile(
    rb"(?i)<(/)?(?:[\w.-]+:)?(?:(record)|feedback|report[_-]?metadata|policy[_-]?published)(?=[\s/>])([^<>]*)(>)?"
)
_CUT_OFF = re.compile(rb"<[^<>]*<|<!--")
"""A tag or a comment without an end, where bytes are missing; but a CDATA section may look so."""


class Span(NamedTuple):
    """Where a record lies; `is_ended` where its end tag comes before anything else begins."""

    start: int
    end: int
    is_ended: bool


class Piece(NamedTuple):
    """One record: parsed, or why it is none that can be counted, with its text."""

    record: etree._Element | None
    code: str = ""
    text: str = ""


def without_comments(text: XmlText) -> XmlText:
    """The text without its comments, which might hold what looks like a record; one without an end is none."""
    data, position, parts = text.data, text.start, []
    while (start := data.find(b"<!--", position)) >= 0 and (end := data.find(b"-->", start)) >= 0:
        parts.append(data[position:start])
        position = end + len(b"-->")
    return text._replace(data=b"".join([*parts, data[position:]]), start=0) if parts else text


def without_records(text: XmlText) -> XmlText:
    """All of the text that stands beside its records."""
    data, position, parts = text.data, text.start, []
    for span in _spans(text):
        parts.append(data[position : span.start])
        position = span.end
    return text._replace(data=b"".join([*parts, data[position:]]), start=0)


def pieces(text: XmlText) -> Iterator[Piece]:
    """The records in document order, each parsed within a root element like that of the text."""
    root = _root(text)
    close = b"</" + re.split(rb"[\s/>]", root[1:], maxsplit=1)[0] + b">"
    for span in _spans(text):
        data = text.data[span.start : min(span.end, span.start + PIECE_LENGTH)]
        code = _why_not(data, span, is_last=span.end == len(text.data))
        record = None if code else _parsed(root + data + close)
        if record is None:
            yield Piece(None, code or Reason.ROW_BROKEN, data[:SHOWN].decode("utf-8", "replace"))
        else:
            yield Piece(record)


def _spans(text: XmlText) -> Iterator[Span]:
    """In one pass, however the text is spoilt: a record lasts to its end tag, or to what cannot stand within one."""
    start: int | None = None
    for tag in _TAG.finditer(text.data, text.start):
        is_record, is_close = bool(tag[2]), bool(tag[1])
        if start is not None:
            is_ended = is_record and is_close
            yield Span(start, tag.end() if is_ended else tag.start(), is_ended)
            start = None
        if is_record and not is_close:
            if tag[4] and tag[3].endswith(b"/"):
                yield Span(tag.start(), tag.end(), is_ended=True)
            else:
                start = tag.start()
    if start is not None:
        yield Span(start, len(text.data), is_ended=False)


def _why_not(data: bytes, span: Span, *, is_last: bool) -> str:
    """Why a record cannot be told from its neighbours or from what was lost of it; "" where it is whole."""
    if not span.is_ended:
        return Reason.ROW_TRUNCATED if is_last else Reason.ROW_BROKEN
    is_cut = len(data) < span.end - span.start or (b"<![CDATA[" not in data and _CUT_OFF.search(data))
    return Reason.ROW_BROKEN if is_cut else ""


def _root(text: XmlText) -> bytes:
    """The start tag of the root element."""
    if text.before == ORPHAN_ROOT:
        return ORPHAN_ROOT
    end = text.data.find(b">", text.start, text.start + ROOT_LENGTH) + 1
    return text.before + text.data[text.start : end].replace(b"/>", b">") if end else ORPHAN_ROOT


def _parsed(data: bytes) -> etree._Element | None:
    """The record; None where the parser gave up on it. Small mistakes in it are passed over, as in a whole text."""
    parser = etree.XMLParser(
        encoding="utf-8", recover=True, resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True,
        remove_pis=True, huge_tree=False,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return None
    if root is None or len(root) != 1 or any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        return None
    return root[0]
