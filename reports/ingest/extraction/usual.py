"""The mail that nearly every reporter sends, a letter beside one packed report, without looking for anything else in it.

What comes out is what `reports.ingest.extraction.walk` would find; a test holds both against each other. Whatever is
larger or otherwise is left to that: None says so.
"""

from __future__ import annotations

from functools import lru_cache

from reports.dto import Extraction, Payload
from reports.ingest.extraction import archives, bodies, feedback, streams
from reports.ingest.extraction.documents import is_one
from reports.ingest.extraction.leaves import Leaf, MailParts, from_first_field
from reports.ingest.extraction.limits import Budget, Limits
from reports.ingest.extraction.plain_mail import split_plain
from reports.ingest.extraction.plain_zip import single_file
from reports.ingest.extraction.sniffing import Form, sniff, wide_mark
from reports.vocabulary import Kind

LENGTH = 50_000
"""No mail up to this length comes near any of the limits, as long as what it unfolds to is bounded too."""
LETTER_LENGTH = 2000
_LETTERS = frozenset({"text/plain", "text/html"})


def usual_report(data: bytes, *, limits: Limits) -> Extraction | None:
    """The report in a mail of the usual kind."""
    if len(data) > LENGTH or sniff(data) is not Form.MAIL:
        return None
    mail = split_plain(from_first_field(data))
    leaf = _packed(mail) if mail else None
    if mail is None or leaf is None:
        return None
    filename = leaf.filename
    if leaf.form is Form.GZIP:
        report = streams.sound_gzip(leaf.data)
    else:
        file = single_file(leaf.data, budget=Budget(limits, size=len(data)))
        report, filename = (file.data, file.name or filename) if file else (None, filename)
    if report is None or sniff(report) is not Form.AGGREGATE:
        return None
    if bodies.unquoted(report) is not None or not is_one(report):
        return None
    payload = Payload(Kind.AGGREGATE, 0, report, filename, (Form.MAIL, leaf.form), mail.facts)
    return Extraction((payload,), (), mail.facts)


def _packed(mail: MailParts) -> Leaf | None:
    """The one packed part of a mail that holds but a letter beside it."""
    *letters, leaf = mail.leaves
    is_packed = (
        leaf.form in (Form.GZIP, Form.ZIP) and not leaf.repairs and leaf.declared_type.startswith("application/")
    )
    if not is_packed or len(letters) > 1 or not all(map(_is_letter, letters)):
        return None
    return leaf


def _is_letter(leaf: Leaf) -> bool:
    if leaf.form is not Form.TEXT or leaf.declared_type not in _LETTERS or len(leaf.data) > LETTER_LENGTH:
        return False
    return _says_nothing(leaf.data)


@lru_cache(maxsize=1024)  # a reporter writes the same letter about a domain every day
def _says_nothing(text: bytes) -> bool:
    """Whether no report of any kind stands in the text itself."""
    hidden = bodies.unescaped(text) or bodies.whole_base64(text) or wide_mark(text) or archives.start_within(text)
    shown = next(bodies.find_blocks(text), None) or feedback.may_report_failure(text)
    return not (hidden or shown or b"-----BEGIN PGP MESSAGE-----" in text)
