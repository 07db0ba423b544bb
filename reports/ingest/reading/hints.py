"""What file name, subject and sender of a report say, for reports that lack it themselves (RFC 9990 section 3.5.2)."""

from __future__ import annotations

import re
from functools import cached_property

from reports.dto import Payload
from reports.ingest.extraction.leaves import address
from reports.ingest.reading.values import read_domain, read_time

_NAME = re.compile(
    r"([^!/\\]+)!([^!/\\]+)!(\d{9,13})!(\d{9,13})(?:!([\w.@-]+?))?(?:\.(?:xml|json|gz|zip|gzip)\b.*)?$", re.I
)
_SUBJECT_DOMAIN = re.compile(r"report\s+domain:\s*[{<]?\s*([^\s{}<>;,]+)", re.I)
_SUBJECT_SUBMITTER = re.compile(r"submitter:\s*(?:\{([^}]+)\}|([^\s{}<>;,]+))", re.I)
_SUBJECT_ID = re.compile(r"report-id:\s*[{<]?\s*([^\s{}<>]+)", re.I)


class Hints:
    """Looked for one by one when they are asked for, since few reports lack anything."""

    def __init__(self, payload: Payload) -> None:
        self._mail = payload.mail
        self._filename = payload.filename

    @cached_property
    def _name(self) -> re.Match[str] | None:
        return _NAME.search(self._filename)

    @property
    def domain(self) -> str:
        if self._name:
            return read_domain(self._name[2])[0]
        return read_domain(self._mail.report_domain or _first(_SUBJECT_DOMAIN, self._mail.subject))[0]

    @property
    def submitter(self) -> str:
        if self._name:
            return self._name[1]
        if self._mail.report_submitter:
            return self._mail.report_submitter
        found = _SUBJECT_SUBMITTER.search(self._mail.subject)
        return (found[1] or found[2]) if found else ""

    @property
    def sender(self) -> str:
        return address(self._mail.sender)

    @property
    def report_id(self) -> str:
        return _first(_SUBJECT_ID, self._mail.subject) or (self._name[5] or "" if self._name else "")

    @property
    def begin(self) -> int | None:
        return read_time(self._name[3])[0] if self._name else None

    @property
    def end(self) -> int | None:
        return read_time(self._name[4])[0] if self._name else None


def hints_of(payload: Payload) -> Hints:
    return Hints(payload)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
