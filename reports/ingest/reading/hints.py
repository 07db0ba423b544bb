"""What file name, subject and sender of a report say, for reports that lack it themselves (RFC 9990 section 3.5.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.dto import Payload
from reports.ingest.extraction.leaves import address
from reports.ingest.reading.values import read_domain, read_time

_NAME = re.compile(
    r"([^!/\\]+)!([^!/\\]+)!(\d{9,13})!(\d{9,13})(?:!([\w.@-]+?))?(?:\.(?:xml|json|gz|zip|gzip)\b.*)?$", re.I
)
_SUBJECT_DOMAIN = re.compile(r"report\s+domain:\s*[{<]?\s*([^\s{}<>;,]+)", re.I)
_SUBJECT_SUBMITTER = re.compile(r"submitter:\s*(?:\{([^}]+)\}|([^\s{}<>;,]+))", re.I)
_SUBJECT_ID = re.compile(r"report-id:\s*[{<]?\s*([^\s{}<>]+)", re.I)


@dataclass(frozen=True, slots=True)
class Hints:
    domain: str = ""
    submitter: str = ""
    sender: str = ""
    report_id: str = ""
    begin: int | None = None
    end: int | None = None


def hints_of(payload: Payload) -> Hints:
    name, subject = _NAME.search(payload.filename), payload.mail.subject
    found = _SUBJECT_SUBMITTER.search(subject)
    return Hints(
        domain=read_domain(name[2])[0] if name else read_domain(_first(_SUBJECT_DOMAIN, subject))[0],
        submitter=name[1] if name else (found[1] or found[2]) if found else "",
        sender=address(payload.mail.sender),
        report_id=_first(_SUBJECT_ID, subject) or (name[5] or "" if name else ""),
        begin=read_time(name[3])[0] if name else None,
        end=read_time(name[4])[0] if name else None,
    )


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
