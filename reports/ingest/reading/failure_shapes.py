"""Takes a failure report mail apart into fields and sample, whichever of the shapes in use it has. Interprets neither."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import NamedTuple

from reports.dto import Payload
from reports.errors import LimitExceeded, Unreadable
from reports.ingest.extraction.feedback import ARF_IN_TEXT, feedback_part, is_plain_failure_report
from reports.ingest.extraction.leaves import Leaf
from reports.ingest.extraction.mime import take_whole
from reports.ingest.extraction.sniffing import Form, sniff
from reports.ingest.reading.fields import Fields, parse_fields, parse_labels
from reports.vocabulary import Reason

SAMPLE_TYPES = (
    "message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers", "text/rfc822",
)  # fmt: skip
_SAMPLE_START = re.compile(
    rb"(?i)copy\s+of\s+the\s+(?:headers|message)\b.{0,200}?(?:detected|received)\.[ \t]*\r?\n", re.S
)
_LINE_END = re.compile(rb"(?i)<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]*>\s*")
_MARKUP = re.compile(rb"<[^<>]*>")
_QUOTE = re.compile(rb"(?m)^[ \t]*(?:>[ \t]?)+")
_BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n")
_BLANK_LINES = re.compile(rb"(?:\r?\n[ \t]*){2,}")
_YES = "yes"
_RESULTS = {"accept": "delivered", "reject": "reject", "quarantine": "spam"}


class Shape(NamedTuple):
    """`has_feedback_part` is False where running text had to serve."""

    fields: Fields
    sample: bytes
    is_headers: bool
    has_feedback_part: bool


def take_apart(payload: Payload) -> Shape:
    """Raise `Unreadable` where the mail holds no failure report."""
    if sniff(payload.data) is Form.FEEDBACK:
        fields, sample = _with_sample(payload.data)
        return Shape(parse_fields(fields), sample, is_headers=not sample, has_feedback_part=True)
    try:
        parts = take_whole(payload.data).leaves
    except LimitExceeded as error:
        raise Unreadable(error.code, error.params) from None
    feedback = feedback_part(parts)
    if feedback is not None:
        sample, is_headers = _sample([part for part in parts if part.data is not feedback])
        if not sample:
            feedback, sample = _with_sample(feedback)
            is_headers = not sample
        return Shape(parse_fields(feedback), sample, is_headers, has_feedback_part=True)
    for part in parts:
        if is_plain_failure_report([part]):
            text = _text_of_page(part.data) if part.declared_type == "text/html" else part.data
            sample, is_headers = _sample([other for other in parts if other is not part])
            shape = _arf_in_text(text) if ARF_IN_TEXT.search(text) else _plain(text)
            return shape if shape.sample or not sample else shape._replace(sample=sample, is_headers=is_headers)
    raise Unreadable(Reason.FAILURE_UNREADABLE)


def _with_sample(data: bytes) -> tuple[bytes, bytes]:
    """Fields, and the mail that stands after a blank line where there is one."""
    fields, *after = _BLANK_LINE.split(data.lstrip(), maxsplit=1)
    return (fields, after[0]) if after and sniff(after[0]) is Form.MAIL else (data, b"")


def _sample(parts: Sequence[Leaf]) -> tuple[bytes, bool]:
    for part in parts:
        if part.declared_type in SAMPLE_TYPES and part.data.strip():
            return part.data, part.declared_type.endswith("headers")
    for part in parts:
        if part.form is Form.MAIL:
            return part.data, False
    return b"", True


def _text_of_page(data: bytes) -> bytes:
    text = _MARKUP.sub(b"", _LINE_END.sub(b"\n", data)).decode("utf-8", "replace")
    return html.unescape(text).encode("utf-8", "replace")


def _arf_in_text(text: bytes) -> Shape:
    """The fields of an ARF part as a paragraph of a text, and what looks like the head of a mail after it."""
    paragraphs = _BLANK_LINES.split(_QUOTE.sub(b"", text).strip())
    at = next((at for at, each in enumerate(paragraphs) if ARF_IN_TEXT.search(each)), 0)
    start = next((n for n in range(at + 1, len(paragraphs)) if sniff(paragraphs[n]) is Form.MAIL), len(paragraphs))
    sample = b"\n\n".join(paragraphs[start:])
    return Shape(parse_fields(paragraphs[at]), sample, is_headers=False, has_feedback_part=False)


def _plain(text: bytes) -> Shape:
    """Exim, cPanel and their kin: labelled lines, then a copy of the headers."""
    start = _SAMPLE_START.search(text)
    labels = parse_labels((text[: start.start()] if start else text).decode("utf-8", "replace"))
    failed = [name for name in ("dkim", "spf") if labels.first(f"{name}-alignment").lower() not in ("", _YES)]
    results = labels.first("dmarc-results", "dmarc-result")
    final = results.rpartition(",")[2].strip().lower()
    fields = {
        "reported-domain": labels.first("sender-domain"),
        "source-ip": labels.first("sender-ip-address"),
        "arrival-date": labels.first("received-date"),
        "identity-alignment": ", ".join(failed) or "none",
        "auth-failure": "dmarc",
        "delivery-result": _RESULTS.get(final, final),
        "authentication-results": f"dmarc ({results})" if results else "",
    }
    sample = text[start.end() :].lstrip() if start else b""
    return Shape(
        Fields({name: [value] for name, value in fields.items()}), sample, is_headers=True, has_feedback_part=False
    )
