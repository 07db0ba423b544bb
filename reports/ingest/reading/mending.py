"""Mends XML text that a parser stumbled over, by the mistakes that real generators make. Only called after an error."""

from __future__ import annotations

import re
from itertools import pairwise

from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.xmltext import XmlText
from reports.vocabulary import RepairCode

_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\r")
_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#\d+|#[xX][0-9a-fA-F]+);)")
_ADDRESS = re.compile(rb"<([^<>@\s/?!]{1,64}@[^<>\s]{1,255})>")
_LESS_THAN = re.compile(rb"<(?=[^A-Za-z_:/!?\x80-\xff])")
_LEAF = (
    rb"(?:org_name|email|extra_contact_info|report_id|begin|end|domain|adkim|aspf|p|sp|pct|fo|source_ip|count|disposition"
    rb"|dkim|spf|type|comment|header_from|envelope_from|envelope_to|selector|scope|result|human_result)"
)
_IN_LEAF = re.compile(rb"(<(" + _LEAF + rb")>[^<>]{0,500})<(?=[^<>/!?][^<>]{0,500}</\2>)")
_CLOSE_TAG = re.compile(rb"(?<=[^<\s/])/(?=" + _LEAF + rb">)")


SERVER_LINE = 900
SHORTEST_LINE = 60
MOSTLY = 0.9


def bare_ampersands(text: XmlText) -> int:
    """How many there are that begin no reference."""
    return sum(1 for _ in _AMPERSAND.finditer(text.data, text.start))


def mend(text: XmlText, *, repairs: Repairs) -> XmlText | None:
    """The text with known mistakes mended and each kind noted; None where there was none of them."""
    line = text.data.rfind(b"\n", 0, text.start) + 1
    uncut, cuts = _joined(text.data[line:])
    data = uncut[text.start - line :]
    mended = data.translate(None, _CONTROL)
    if len(mended) != len(data):
        repairs.note(RepairCode.CONTROL_CHARACTERS, times=len(data) - len(mended))
    if cuts:
        repairs.note(RepairCode.LINES_JOINED, times=cuts)
    for pattern, instead, code in (
        (_AMPERSAND, rb"&amp;", RepairCode.BARE_AMPERSAND),
        (_ADDRESS, rb"&lt;\1&gt;", RepairCode.BARE_ADDRESS),
        (_LESS_THAN, b"&lt;", RepairCode.BARE_LESS_THAN),
        (_IN_LEAF, rb"\1&lt;", RepairCode.BARE_LESS_THAN),
        (_CLOSE_TAG, b"</", RepairCode.CLOSE_TAG),
    ):
        mended, times = pattern.subn(instead, mended)
        if times:
            repairs.note(code, times=times)
    return text._replace(data=mended, start=0) if cuts or mended != data else None


def _joined(data: bytes) -> tuple[bytes, int]:
    """The text without the breaks that cut it into lines of one length on its way, and how many there were.

    Mail servers cut what exceeds the 998 characters of RFC 5322 section 2.1.1; some mark the cut by an exclamation mark.
    """
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    longest = max(map(len, lines))
    full = sum(len(line) == longest for line in lines)
    is_cut = longest >= SERVER_LINE or (longest >= SHORTEST_LINE and full >= MOSTLY * (len(lines) - 1))
    joined, times = [lines[0]], 0
    for before, line in pairwise(lines):
        if len(before) >= SERVER_LINE and before.endswith(b"!") and line.startswith(b" "):
            joined[-1], piece = joined[-1].removesuffix(b"!"), line[1:]
        elif is_cut and len(before) == longest and line:
            piece = line
        else:
            joined.append(b"\n" + line)
            continue
        joined.append(piece)
        times += 1
    return (b"".join(joined), times) if times else (data, 0)
