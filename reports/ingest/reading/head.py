"""The report-level part: metadata and published policy as sent, and what stands in for what was not sent.

A report needs a domain, a period and a reporter; all else is optional (standards: accept and say so).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Literal

from reports.dto import AggregateHead, PolicyPublished
from reports.errors import Unreadable
from reports.ingest.reading.hints import Hints
from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.values import DAY_SECONDS, read_domain, read_time, read_word
from reports.vocabulary import Reason, RepairCode

TEXT_LENGTH = 500
ERRORS_KEPT = 20
RECORD_PREFIX = "_dmarc."  # where the record of a domain is found, which some take for the domain
ALIASES = {"t": "testing"}
REPEATABLE = frozenset({"error"})
USUAL = frozenset({"org_name", "email", "extra_contact_info", "report_id", "begin", "end"})
POLICY_NAMES = ("p", "sp", "np", "adkim", "aspf", "pct", "fo", "testing", "discovery_method", "psd")
CONTAINERS = frozenset({"report_metadata", "date_range", "policy_published"})
HEAD_NAMES = USUAL | REPEATABLE | CONTAINERS | {"generator", "domain", *POLICY_NAMES, *ALIASES}


class HeadFields:
    """The texts of one head element by local name: the first of each wins, a later one is noted."""

    def __init__(self, place: str, *, repairs: Repairs) -> None:
        self._place = place
        self._repairs = repairs
        self._seen = False
        self._fields: dict[str, str] = {}
        self.errors: list[str] = []

    def add(self, elements: Iterable[tuple[str, str | None]]) -> None:
        if self._seen:
            self._repairs.note(RepairCode.REPEATED_ELEMENT, self._place)
        self._seen = True
        for name, sent in elements:
            text = " ".join(sent.split()) if sent else ""
            if name in USUAL and name not in self._fields and len(text) <= TEXT_LENGTH:
                self._fields[name] = text
            elif name in REPEATABLE:
                self._add_error(text)
            elif name and name not in CONTAINERS:
                self._add_field(ALIASES.get(name, name), text)

    def _add_error(self, text: str) -> None:
        if text and len(self.errors) < ERRORS_KEPT:
            self.errors.append(text[:TEXT_LENGTH])

    def _add_field(self, name: str, text: str) -> None:
        if not self._fields.get(name):
            self._fields[name] = text[:TEXT_LENGTH]
            if len(text) > TEXT_LENGTH:
                self._repairs.note(RepairCode.TEXT_CUT, f"{self._place}/{name}", text)
        elif text and text != self._fields[name]:
            self._repairs.note(RepairCode.REPEATED_ELEMENT, f"{self._place}/{name}", text)

    def text(self, name: str) -> str:
        return self._fields.get(name, "")

    def word(self, name: str) -> str | None:
        sent = self._fields.get(name)
        return None if sent is None else read_word(sent)[0]

    @cached_property
    def policy_words(self) -> tuple[str | None, ...]:
        """The values of POLICY_NAMES as words."""
        return tuple(map(self.word, POLICY_NAMES))


class HeadParts:
    """What stands in a report besides its records. `policy` may be one that was read before."""

    def __init__(self, repairs: Repairs, *, policy: HeadFields | None = None) -> None:
        self.metadata = HeadFields("report_metadata", repairs=repairs)
        self.policy = policy or HeadFields("policy_published", repairs=repairs)
        self.version = ""
        self.namespace = ""


def build_head(parts: HeadParts, *, first_from: str, hints: Hints, repairs: Repairs) -> AggregateHead:
    """Raise `Unreadable` where domain, period or reporter are neither sent nor to be had from the hints.

    `first_from` is the first From domain of a row: it stands in for the domain of the policy in the last resort.
    """
    metadata = parts.metadata
    domain = _domain(parts.policy, first_from=first_from, hints=hints, repairs=repairs)
    begin, end = _period(metadata, hints=hints, repairs=repairs)
    org_name, email = _reporter(metadata, hints=hints, repairs=repairs)
    report_id = metadata.text("report_id")
    if not report_id:
        report_id = hints.report_id
        repairs.note(RepairCode.REPORT_ID_MISSING, "report_metadata/report_id", report_id)
    for name, sent in (("version", parts.version), ("xmlns", parts.namespace)):
        if len(sent) > TEXT_LENGTH:
            repairs.note(RepairCode.TEXT_CUT, name, sent)
    return AggregateHead(
        org_name=org_name,
        email=email,
        report_id=report_id,
        begin=begin,
        end=end,
        policy=_policy(parts.policy, domain, repairs=repairs),
        extra_contact_info=metadata.text("extra_contact_info"),
        errors=tuple(metadata.errors),
        generator=metadata.text("generator"),
        version=parts.version[:TEXT_LENGTH],
        namespace=parts.namespace[:TEXT_LENGTH],
    )


def _domain(policy: HeadFields, *, first_from: str, hints: Hints, repairs: Repairs) -> str:
    place, sent = "policy_published/domain", policy.text("domain")
    domain = read_domain(sent)[0].removeprefix(RECORD_PREFIX)
    if domain:
        if domain != sent.lower():
            repairs.note(RepairCode.DOMAIN_REWRITTEN, place, sent)
        return domain
    assumed = hints.domain or first_from
    if not assumed:
        raise Unreadable(Reason.NO_DOMAIN, (("sent", sent),))
    repairs.note(RepairCode.DOMAIN_ASSUMED, place, sent or assumed)
    return assumed


def _period(metadata: HeadFields, *, hints: Hints, repairs: Repairs) -> tuple[int, int]:
    begin = _time(metadata, "begin", hints, repairs=repairs)
    end = _time(metadata, "end", hints, repairs=repairs)
    if begin is None and end is None:
        sent = f"{metadata.text('begin')} {metadata.text('end')}".strip()
        raise Unreadable(Reason.NO_PERIOD, (("sent", sent),))
    if begin is None or end is None:
        repairs.note(RepairCode.PERIOD_ASSUMED, "report_metadata/date_range/" + ("begin" if begin is None else "end"))
        begin = begin if begin is not None else (end or 0) - DAY_SECONDS
        end = end if end is not None else begin + DAY_SECONDS
    if begin > end:
        repairs.note(RepairCode.PERIOD_SWAPPED, "report_metadata/date_range", f"{begin} {end}")
        begin, end = end, begin
    return begin, end


def _time(metadata: HeadFields, name: Literal["begin", "end"], hints: Hints, *, repairs: Repairs) -> int | None:
    sent = metadata.text(name)
    value, rewritten = read_time(sent)
    if value is not None and not rewritten:
        return value
    place = f"report_metadata/date_range/{name}"
    if value is None and (hint := getattr(hints, name)) is not None:
        repairs.note(RepairCode.PERIOD_ASSUMED, place, sent)
        return int(hint)
    if rewritten:
        repairs.note(RepairCode.PERIOD_REWRITTEN, place, sent)
    return value


def _reporter(metadata: HeadFields, *, hints: Hints, repairs: Repairs) -> tuple[str, str]:
    org_name, email = metadata.text("org_name"), metadata.text("email")
    if not email:
        email = hints.sender
        repairs.note(RepairCode.EMAIL_MISSING, "report_metadata/email", email)
    if not org_name:
        org_name = hints.submitter or read_domain(email)[0]
        if not org_name:
            raise Unreadable(Reason.NO_REPORTER)
        repairs.note(RepairCode.ORG_NAME_ASSUMED, "report_metadata/org_name", org_name)
    return org_name, email


def _policy(policy: HeadFields, domain: str, *, repairs: Repairs) -> PolicyPublished:
    if not policy.word("p"):
        repairs.note(RepairCode.POLICY_MISSING, "policy_published/p")
    return PolicyPublished(domain, *policy.policy_words)
