"""Tells DMARC failure reports from complaints and bounces by what the parts of a mail are. Reads no report."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reports.ingest.extraction.leaves import Leaf, MailParts
from reports.ingest.extraction.sniffing import Form

FEEDBACK_TYPE = "message/feedback-report"
FAILURE_TYPES = frozenset({"auth-failure", "auth_failure", "authfailure", "dmarc"})
_TYPE_FIELD = re.compile(rb"(?im)^feedback-type[ \t]*:[ \t]*([\w-]+)")
_FAILURE_FIELD = re.compile(rb"(?im)^(?:auth-failure|identity-alignment|dkim-domain|spf-dns)[ \t]*:")
_PLAIN_SENTENCE = re.compile(rb"(?i)claiming\s+to\s+be\s+from\s+you\s+has\s+failed\s+the\s+published\s+DMARC")
_ANY_SIGN = re.compile(rb"(?i)has\s+failed\s+the|Sender\s+Domain:|Feedback-Type[ \t]*:")
"""One of these stands in every such text; most letters have none."""
ARF_IN_TEXT = re.compile(rb"(?im)^[ \t>]*Feedback-Type[ \t]*:[ \t]*auth-failure\b")
_PLAIN_LABELS = (
    re.compile(rb"(?i)Sender\s+Domain:"),
    re.compile(rb"(?i)Sender\s+IP\s+Address:"),
    re.compile(rb"(?i)DMARC\s+Results?:"),
)


def feedback_part(parts: Sequence[Leaf]) -> bytes | None:
    """The fields of an ARF report (RFC 5965), by content or by declared type."""
    for part in parts:
        if part.form is Form.FEEDBACK:
            return part.data
    for part in parts:
        if part.declared_type == FEEDBACK_TYPE and part.data.strip():
            return part.data
    return None


def complaint_type(fields: bytes) -> str:
    """The feedback type where it is a complaint about abuse and the like; "" where it reports an auth-failure."""
    found = _TYPE_FIELD.search(fields)
    kind = found[1].decode("ascii", "replace").lower() if found else ""
    if kind in FAILURE_TYPES or (not kind and _FAILURE_FIELD.search(fields)):
        return ""
    return kind or "unknown"


def is_plain_failure_report(parts: Sequence[Leaf]) -> bool:
    """Whether running text reports a DMARC failure: as Exim and cPanel write it, or with the fields of an ARF part in it."""
    texts = [part.data for part in parts if part.declared_type.startswith("text/")]
    return any(_reports_failure(text) for text in texts if may_report_failure(text))


def may_report_failure(text: bytes) -> bool:
    """Whether running text may be such a report; a no is certain."""
    return bool(_ANY_SIGN.search(text))


def _reports_failure(text: bytes) -> bool:
    return bool(ARF_IN_TEXT.search(text) or _PLAIN_SENTENCE.search(text)) or all(
        label.search(text) for label in _PLAIN_LABELS
    )


def is_bounce(mail: MailParts) -> bool:
    """A delivery status notification (RFC 3464): a report within it was sent by, not to, this mailbox."""
    return mail.is_delivery_report or any(part.declared_type == "message/delivery-status" for part in mail.leaves)
