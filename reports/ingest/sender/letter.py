"""The head of a mail as its signatures see it. Pure; the parser is the one that verifies them, so that both see the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import getaddresses

import dkim  # type: ignore[import-untyped]  # dkimpy ships no types

from reports.ingest.extraction import extract
from reports.ingest.extraction.sniffing import Form
from reports.ingest.sender.alignment import are_aligned, domain_of
from reports.vocabulary import Kind

LONGEST_HEAD = 1 << 18
"""A mail that came through many hands has some 30 kB; dkimpy takes quadratic time for a field of many lines."""
LONGEST_FIELD = 16_384
_WHOLE = (b"from", b"dkim-signature")
"""What is judged by each of its parts: spaces, which signatures let pass, could push some out of sight."""
_ENCLOSED = re.compile(rb"(?im)^content-type:[ \t\r\n]*message/(?:rfc822|global)\b")
_LETTERS = (Form.MAIL, Form.COMPOUND)
_RETURNER = re.compile(r"(?i)\bmailer-daemon@")
_ONE_ADDRESS = re.compile(r"[^<>@]*<([^<>@\s]+@[^<>@\s]+)>\Z")
"""Nothing else in the field can be an author, whatever signs a name has that should stand in quotes."""
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_FROM_SPACED = re.compile(rb"(?im)^from[ \t]+:")
_BARE_RETURN = re.compile(rb"\r(?!\n)")
"""A line ends there for those who read the mail, and not for its signature: what is written behind it nobody signed."""
_MIME = ("content-type", "content-transfer-encoding")
"""Of two, readers take the first, which a stranger may have put there: signatures cover the last."""
_LIST_NAME = re.compile(r"<(?:mailto:)?([^<>\s]*)>")
_FOLD = re.compile(r"\r?\n(?=[ \t])")


class Unparsable(Exception):
    """The bytes do not begin with the head of a mail."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's bytes and its header fields from the top down, names in lower case, values unfolded."""

    data: bytes
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, data: bytes) -> Letter:
        """Raises Unparsable."""
        head = _END_OF_HEAD.split(data, 1)[0]
        if len(head) > LONGEST_HEAD or _BARE_RETURN.search(head):
            raise Unparsable
        if _FROM_SPACED.search(head):  # an author to some programs, and nothing to others
            raise Unparsable
        try:
            fields, _body = dkim.rfc822_parse(data)
        except (dkim.MessageFormatError, IndexError) as error:  # the latter where the first line is a folded one
            raise Unparsable from error
        if not fields or any(len(value) > LONGEST_FIELD for name, value in fields if name.lower() in _WHOLE):
            raise Unparsable
        letter = cls(data, tuple((_text(name).strip().lower(), _unfolded(value)) for name, value in fields))
        if any(len(letter.all_of(name)) > 1 for name in _MIME):
            raise Unparsable
        return letter

    def all_of(self, name: str) -> list[str]:
        return [value for field, value in self.fields if field == name]

    def passes_on(self, *, author: str) -> bool:
        """Whether what it holds may be anybody's, so that its sender need not know of it: bounces, automatic answers, attached
        mails, and what the author's own mailing list sends in its name. Not so failure reports, whose sample is read as nothing else.
        """
        answered = any(value.lower().startswith("auto-replied") for value in self.all_of("auto-submitted"))
        if answered or any(_RETURNER.search(value) for value in self.all_of("from")):
            return True
        return self._comes_from_list_of(author) or self._holds_another()

    def _comes_from_list_of(self, author: str) -> bool:
        """Lists put themselves into the From field where the writer's domain forbids to send in its name."""
        names = [
            name
            for field in ("list-id", "list-post")
            for value in self.all_of(field)
            for name in _LIST_NAME.findall(value)
        ]
        return any(are_aligned(domain_of(name.partition("?")[0]), author) for name in names)

    def _holds_another(self) -> bool:
        found = extract(self.data).payloads
        if any(len([each for each in payload.trail if each in _LETTERS]) > 1 for payload in found):
            return True
        kinds = {payload.kind for payload in found}
        declared = any("feedback-report" in value.lower() for value in self.all_of("content-type"))
        reports_failure = kinds == {Kind.FAILURE} or (declared and not kinds)
        return not reports_failure and bool(_ENCLOSED.search(self.data))

    @property
    def authors(self) -> list[str]:
        """The domains of all addresses in all From fields: a proper mail has one field with one address."""
        sent = self.all_of("from")
        if len(sent) == 1 and (one := _ONE_ADDRESS.match(sent[0])):
            return [domain_of(one[1])]
        try:
            addresses = getaddresses(sent)
        except RecursionError:  # comments within comments
            return []
        return [domain_of(address) for _name, address in addresses]


def _text(raw: bytes) -> str:
    return raw[:LONGEST_FIELD].decode("utf-8", "replace")


def _unfolded(raw: bytes) -> str:
    return _FOLD.sub("", _text(raw)).strip()
