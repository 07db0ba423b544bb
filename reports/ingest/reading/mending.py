"""Mends XML text that a parser stumbled over, by the mistakes that real generators make. Only called after an error."""

from __future__ import annotations

import re

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


def mend(text: XmlText, *, repairs: Repairs) -> XmlText | None:
    """The text with known mistakes mended and each kind noted; None where there was none of them."""
    data = text.data[text.start :]
    mended = data.translate(None, _CONTROL)
    if len(mended) != len(data):
        repairs.note(RepairCode.CONTROL_CHARACTERS, times=len(data) - len(mended))
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
    return XmlText(mended, 0, text.before) if mended != data else None
