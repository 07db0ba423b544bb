"""Reads one failure report (RFC 6591, RFC 9991) in every shape that is in use. Stores, masks and decides nothing."""

from __future__ import annotations

import re

from reports.dto import Address, FailureReport, Payload
from reports.errors import Unreadable
from reports.ingest.reading.failure_shapes import Shape, take_apart
from reports.ingest.reading.fields import Fields
from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.results import claimed, claims_in
from reports.ingest.reading.samples import SampleFacts, read_sample
from reports.ingest.reading.values import read_address, read_domain, read_mail_date, read_time
from reports.vocabulary import Reason, RepairCode

INCIDENTS_MAX = 2**31 - 1
TEXT_LENGTH = 998
_CLAIMED = (
    ("dkim-domain", "dkim", ("header.d",)),
    ("dkim-selector", "dkim", ("header.s",)),
    ("original-mail-from", "spf", ("smtp.mailfrom",)),
)
"""By field, which property of which method says the same in Authentication-Results (RFC 8601 section 2.7)."""
_MODELLED = frozenset(
    {
        "feedback-type", "version", "user-agent", "auth-failure", "identity-alignment", "authentication-results",
        "reported-domain", "source-ip", "arrival-date", "received-date", "original-mail-from", "original-rcpt-to",
        "original-envelope-id", "delivery-result", "dkim-domain", "dkim-selector", "spf-dns", "incidents", "message-id",
        "dkim-canonicalized-body",
    }
)  # fmt: skip
"""Fields that have a place of their own; and the body of the message, which is never shown."""
OTHERS_KEPT = 50
OTHER_LENGTH = 2000
_ADDRESS_WITHIN = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]{3,45})\]|(?<![\w.])(\d{1,3}(?:\.\d{1,3}){3})(?![\w.])")
_RECEIVED_ADDRESS = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]{3,45})\]")


def read_failure(payload: Payload) -> FailureReport:
    """Read the report; raise `Unreadable` where it holds none, or names no domain."""
    repairs = Repairs(payload.repairs)
    shape = take_apart(payload)
    fields = shape.fields
    fields.note_repeated(repairs)
    sample = _sample_facts(shape, repairs=repairs)
    if not shape.has_feedback_part:
        repairs.note(RepairCode.FEEDBACK_PART_MISSING)
    for name, code in (
        ("auth-failure", RepairCode.AUTH_FAILURE_MISSING),
        ("identity-alignment", RepairCode.IDENTITY_ALIGNMENT_MISSING),
    ):
        if not fields.has(name):
            repairs.note(code, name)
    _complete(fields, repairs=repairs)
    reported_domain = _reported_domain(fields, sample, repairs=repairs)
    return FailureReport(
        reporter=payload.mail.sender,
        reported_domain=reported_domain,
        arrived=_arrived(fields, payload, repairs=repairs),
        source_ip=_source_ip(fields, sample, repairs=repairs),
        header_from=sample.header_from or reported_domain,
        subject=sample.subject[:TEXT_LENGTH],
        original_mail_from=_address(fields.first("original-mail-from")),
        original_rcpt_to=tuple(_address(value) for value in fields.all("original-rcpt-to")),
        original_envelope_id=fields.first("original-envelope-id")[:TEXT_LENGTH],
        sample_message_id=(sample.message_id or fields.first("message-id"))[:TEXT_LENGTH],
        auth_failure=fields.words("auth-failure"),
        identity_alignment=fields.words("identity-alignment"),
        delivery_result=fields.first("delivery-result").lower()[:TEXT_LENGTH],
        authentication_results="\n".join(fields.all("authentication-results")),
        dkim_domain=_domain(fields.first("dkim-domain")),
        dkim_selector=fields.first("dkim-selector")[:TEXT_LENGTH],
        spf_dns="\n".join(fields.all("spf-dns")),
        user_agent=fields.first("user-agent")[:TEXT_LENGTH],
        incidents=_incidents(fields.first("incidents")),
        other_fields=tuple((name, value[:OTHER_LENGTH]) for name, value in fields.besides(_MODELLED))[:OTHERS_KEPT],
        headers_only=shape.is_headers or sample.headers_only,
        sample=shape.sample,
        repairs=repairs.all(),
    )


def _complete(fields: Fields, *, repairs: Repairs) -> None:
    """What the fields do not say, as far as the receiver's Authentication-Results do."""
    claims = claims_in("\n".join(fields.all("authentication-results")))
    for name, method, properties in _CLAIMED:
        value = "" if fields.first(name) else claimed(claims, method, *properties)
        if value:
            fields.add(name, value)
            repairs.note(RepairCode.TAKEN_FROM_RESULTS, name, value)


def _sample_facts(shape: Shape, *, repairs: Repairs) -> SampleFacts:
    if not shape.sample:
        repairs.note(RepairCode.SAMPLE_MISSING)
        return SampleFacts()
    facts = read_sample(shape.sample)
    if facts.is_plain:
        repairs.note(RepairCode.SAMPLE_READ_PLAINLY)
    return facts


def _reported_domain(fields: Fields, sample: SampleFacts, *, repairs: Repairs) -> str:
    sent = fields.first("reported-domain")
    domain = _domain(sent)
    if domain:
        return domain
    assumed = sample.header_from or _domain(fields.first("dkim-domain")) or _domain(fields.first("original-mail-from"))
    if not assumed:
        raise Unreadable(Reason.NO_DOMAIN, (("sent", sent[:TEXT_LENGTH]),))
    repairs.note(RepairCode.REPORTED_DOMAIN_ASSUMED, "reported-domain", sent or assumed)
    return assumed


def _source_ip(fields: Fields, sample: SampleFacts, *, repairs: Repairs) -> Address | None:
    for each in fields.all("source-ip"):
        address, rewritten = read_address(each)
        if not address and (within := _ADDRESS_WITHIN.search(each)):
            address, rewritten = read_address(within[1] or within[2])[0], True
        if address:
            if rewritten:
                repairs.note(RepairCode.ADDRESS_REWRITTEN, "source-ip", each)
            return address
    found = _RECEIVED_ADDRESS.search(sample.received)
    assumed = read_address(found[1])[0] if found else None
    repairs.note(
        RepairCode.SOURCE_IP_ASSUMED if assumed else RepairCode.SOURCE_IP_MISSING,
        "source-ip",
        fields.first("source-ip"),
    )
    return assumed


def _arrived(fields: Fields, payload: Payload, *, repairs: Repairs) -> int | None:
    """Epoch seconds; the report mail's own date where the report gives none, None where that is missing too."""
    sent = fields.first("arrival-date", "received-date")
    arrived = read_mail_date(sent) or read_time(sent)[0]
    if arrived:
        return arrived
    repairs.note(RepairCode.ARRIVAL_DATE_ASSUMED, "arrival-date", sent)
    return read_mail_date(payload.mail.sent)


def _address(text: str) -> str:
    return text.strip().removeprefix("rfc822;").strip().strip("<>")[:TEXT_LENGTH]


def _domain(text: str) -> str:
    return read_domain(re.split(r"[;,\s]", text.strip(), maxsplit=1)[0])[0]


def _incidents(text: str) -> int:
    count = text.split("(")[0].strip()
    return (
        min(max(int(count), 1), INCIDENTS_MAX)
        if count.isascii() and count.isdecimal() and len(count) < TEXT_LENGTH
        else 1
    )
