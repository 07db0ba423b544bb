"""Takes the XML reports of one file apart: some generators write several into one, and each has a head of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reports.ingest.extraction.sniffing import HEAD, REPORT_PART

_CLOSE = b"</feedback>"
_NAME, TAGS = b"feedback", 2
_PADDING = b" \t\r\n\0"
_FEEDBACK = rb"(?:[\w.-]+:)?feedback"
_ROOT = re.compile(rb"(?i)<" + _FEEDBACK + rb"(?=[\s/>])")
ROOT_LENGTH = 4096
_OTHER_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]{0,100})(?:\s[^<>]*)?>\s*(?:<version>[^<>]*</version>\s*)?\Z")


def is_one(xml: bytes) -> bool:
    """Whether nothing follows the end of the report. False may also mean that its end is written in an unusual way."""
    end = xml.find(_CLOSE)
    if end >= 0:
        return not xml[end + len(_CLOSE) :].strip(_PADDING)
    return 0 < xml.count(_NAME) <= TAGS  # with a prefix


def split_documents(xml: bytes) -> Iterator[bytes]:
    """The reports one by one, each with what stands before it; nothing of the text is left out."""
    start = end = 0
    if not is_one(xml):
        for tag in _root_tags(xml).finditer(xml):
            if tag[1]:
                end = tag.end()
            elif tag[2] and end > start:
                yield xml[start:end]
                start = end
    yield xml[start:]


def other_root(xml: bytes, end: int) -> re.Match[bytes] | None:
    """The element that a report begins in whose first part is at `end`, where that element is not called feedback."""
    return _OTHER_ROOT.search(xml, max(0, end - ROOT_LENGTH), end)


def _root_tags(xml: bytes) -> re.Pattern[bytes]:
    """Finds what closes and what opens a root element, outside comments."""
    name = _FEEDBACK
    if not _ROOT.search(xml, 0, HEAD):
        part = REPORT_PART.search(xml, 0, HEAD)
        root = other_root(xml, part.start()) if part else None
        name = re.escape(root[1]) if root else name
    return re.compile(rb"(?is)<!--.*?(?:-->|\Z)|<(/)" + name + rb"\s*>|<(" + name + rb")(?=[\s/>])")
