"""The text of a large report as it lies packed in its archive, gone through piece by piece and never held whole.

Only for archives and texts without anything unusual in them; whatever else there is unfolds as a whole.
"""

from __future__ import annotations

import re
import zlib

from reports.errors import LimitExceeded
from reports.folded import Folded
from reports.ingest.extraction.limits import Budget
from reports.ingest.extraction.plain_zip import Entry
from reports.ingest.extraction.sniffing import HEAD, Form, sniff
from reports.ingest.extraction.streams import gzip_content

LARGE = 8 << 20
"""Bytes from which a text is left folded: to unfold it twice costs less than what it takes to hold it."""
_OVERLAP = 10  # one byte less than the longest of what is looked for
_CLOSE = b"</feedback>"
_UNUSUAL = (b"&", b"<!")
"""Entities, comments and DTDs."""
_SOFT_BREAK = re.compile(rb"=\r?\n")
"""Quoted-printable that nobody decoded; looked for by a pattern, since that is ten times as fast as two bytes are found."""


def folded_gzip(data: bytes, *, budget: Budget) -> Folded | None:
    """The report in a gzip of one sound member."""
    content = gzip_content(data)
    if content is None or content.size < LARGE:
        return None
    folded = Folded(data[content.start : content.end], content.size)
    return folded if _is_usual(folded, checksum=content.checksum, budget=budget) else None


def folded_entry(data: bytes, entry: Entry, *, budget: Budget) -> Folded | None:
    """The report that is the one file in a zip."""
    if entry.size < LARGE:
        return None
    folded = Folded(data[entry.start : entry.start + entry.packed], entry.size)
    return folded if _is_usual(folded, checksum=entry.checksum, budget=budget) else None


def _is_usual(folded: Folded, *, checksum: int, budget: Budget) -> bool:
    """Whether the archive is sound, within the limits by itself, and its text one aggregate report in ASCII."""
    limited = budget.anew()
    size = crc = closes = 0
    before = b""
    try:
        for piece in folded.pieces():
            limited.take_bytes(len(piece))
            if not size and sniff(piece[:HEAD]) is not Form.AGGREGATE:
                return False
            text = before + piece
            closes += text.count(_CLOSE)
            if not piece.isascii() or closes > 1 or any(sign in text for sign in _UNUSUAL) or _SOFT_BREAK.search(text):
                return False
            size, crc, before = size + len(piece), zlib.crc32(piece, crc), text[-_OVERLAP:]
    except (zlib.error, LimitExceeded):
        return False
    return closes == 1 and size == folded.size and crc == checksum
