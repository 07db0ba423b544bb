"""Frozen values that pass between the stages of ingestion: extraction -> reading -> storing.

Nothing here knows Django, Celery or the database. Times are epoch seconds (UTC) as integers; domains are lower-case
A-labels without a trailing dot; texts are as the reporter sent them, bounded where they are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from reports.folded import Folded

Address = IPv4Address | IPv6Address


class MailFacts(NamedTuple):
    """What the mail that carried a report says about itself; a fallback for fields that the report lacks.

    `sent` is its Date field as it stands, since few reports need it. `report_domain` and `report_submitter` are fields that
    mails with TLS reports have (RFC 8460 section 5.3).
    """

    subject: str = ""
    sender: str = ""
    message_id: str = ""
    sent: str = ""
    report_domain: str = ""
    report_submitter: str = ""


NO_MAIL = MailFacts()


@dataclass(frozen=True, slots=True)
class Repair:
    """A deviation from the RFC that the reader mended.

    `code` is a `reports.vocabulary.RepairCode`, `place` where it stood first ("record[3]/row/count"), `sent` the text as
    sent (bounded), `times` how often the same deviation occurred in the report.
    """

    code: str
    place: str = ""
    sent: str = ""
    times: int = 1


class Payload(NamedTuple):
    """One piece of content that extraction found to look like a report.

    `kind` is "aggregate" (XML), "failure" (a whole report mail, or an ARF triple rebuilt as one) or "tls" (JSON).
    `index` is its position among the payloads of the same message. `trail` names the containers that it lay in, from
    the outside in ("mail", "zip", "gzip"). `mail` is the innermost mail around it. `repairs` were needed to get at it.
    Of a large aggregate report without anything unusual `data` is empty and `folded` holds the text.
    """

    kind: str
    index: int  # type: ignore[assignment]  # the word of the ledger, though tuples have a method of that name
    data: bytes
    filename: str = ""
    trail: tuple[str, ...] = ()
    mail: MailFacts = NO_MAIL
    repairs: tuple[Repair, ...] = ()
    folded: Folded | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a part, or a whole message, could not be used: a code of `reports.vocabulary.Reason` and its parameters."""

    code: str
    params: tuple[tuple[str, str], ...] = ()


class Extraction(NamedTuple):
    """What extraction made of one message or file. `problems` explains every part that was looked at and not used."""

    payloads: tuple[Payload, ...]
    problems: tuple[Problem, ...] = ()
    mail: MailFacts = NO_MAIL


class DkimResult(NamedTuple):
    domain: str
    selector: str
    result: str
    human_result: str = ""


class SpfResult(NamedTuple):
    domain: str
    scope: str
    result: str
    human_result: str = ""


class OverrideReason(NamedTuple):
    type: str
    comment: str = ""


class AggregateRow(NamedTuple):
    """One RFC record. `dkim` and `spf` are the reporter's aligned verdicts ("pass", "fail" or "" where it sent none).

    `envelope_from` is None where it was not sent and "" for a null reverse-path. Equal parts are shared between rows.
    """

    position: int
    source_ip: Address
    count: int  # type: ignore[assignment]  # the RFC's name, though tuples have a method of that name
    disposition: str
    dkim: str
    spf: str
    header_from: str
    envelope_from: str | None
    envelope_to: str | None
    reasons: tuple[OverrideReason, ...] = ()
    dkim_results: tuple[DkimResult, ...] = ()
    spf_results: tuple[SpfResult, ...] = ()

    @property
    def is_aligned(self) -> bool:
        """DMARC pass (RFC 9989 section 5.3.5): either mechanism passed with an aligned identifier."""
        return "pass" in (self.dkim, self.spf)


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A record that cannot be counted, kept with its text (bounded) and a `reports.vocabulary.Reason` code."""

    position: int
    code: str
    text: str


class PolicyPublished(NamedTuple):
    """The policy as the reporter found it; None where it sent no such element, the raw word where it is no known one."""

    domain: str
    p: str | None = None
    sp: str | None = None
    np: str | None = None
    adkim: str | None = None
    aspf: str | None = None
    pct: str | None = None
    fo: str | None = None
    testing: str | None = None
    discovery_method: str | None = None
    psd: str | None = None


class AggregateHead(NamedTuple):
    """The report-level part of an aggregate report. `begin` and `end` are as sent, never spread over days."""

    org_name: str
    email: str
    report_id: str
    begin: int
    end: int
    policy: PolicyPublished
    extra_contact_info: str = ""
    errors: tuple[str, ...] = ()
    generator: str = ""
    version: str = ""
    namespace: str = ""


class Extension(NamedTuple):
    """An element beside those of the RFCs, as XML (bounded). `place` is its parent, `record` which one (from 1) or 0."""

    place: str
    xml: str
    record: int = 0


MOST_MESSAGES = 2**63 - 1
"""At this the sums of a report stop, as those of a day do: a thousand rows of the largest count would make more."""


class AggregateReport(NamedTuple):
    """A whole aggregate report. `rows_hash` is the SHA-256 over the canonical rows in document order (standards 3)."""

    head: AggregateHead
    rows: tuple[AggregateRow, ...]
    rejected: tuple[RejectedRow, ...]
    repairs: tuple[Repair, ...]
    rows_hash: bytes
    extensions: tuple[Extension, ...] = ()

    @property
    def messages(self) -> int:
        """No more than MOST_MESSAGES."""
        return min(sum(row.count for row in self.rows), MOST_MESSAGES)

    @property
    def failing(self) -> int:
        """Those of them that are not aligned."""
        return min(sum(row.count for row in self.rows if not row.is_aligned), MOST_MESSAGES)


@dataclass(frozen=True, slots=True)
class FailureReport:
    """One AFRF report (RFC 6591, RFC 9991). `sample` is the offending message or its headers: personal data.

    `identity_alignment` lists the mechanisms that FAILED to authenticate an aligned identity (RFC 9991 section 4).
    `incidents` is how many similar failures this report stands for. `arrived` is None where neither report nor mail says.
    `other_fields` are all others that the reporter sent, by lower-case name.
    """

    reporter: str
    reported_domain: str
    arrived: int | None
    source_ip: Address | None
    header_from: str
    subject: str
    original_mail_from: str
    original_rcpt_to: tuple[str, ...]
    original_envelope_id: str
    sample_message_id: str
    auth_failure: tuple[str, ...]
    identity_alignment: tuple[str, ...]
    delivery_result: str
    authentication_results: str
    dkim_domain: str
    dkim_selector: str
    spf_dns: str
    user_agent: str
    incidents: int
    headers_only: bool
    sample: bytes
    repairs: tuple[Repair, ...] = ()
    other_fields: tuple[tuple[str, str], ...] = ()


class TlsFailure(NamedTuple):
    """One entry of failure-details (RFC 8460 section 4.4). The count is of sessions, never of messages."""

    result_type: str
    failed_session_count: int
    sending_mta_ip: Address | None = None
    receiving_mx_hostname: str = ""
    receiving_mx_helo: str = ""
    receiving_ip: Address | None = None
    additional_information: str = ""
    failure_reason_code: str = ""


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """One policy that was applied (RFC 8460 section 4.4), with its sessions. `policy_domain` is the MX host for tlsa.

    The counts of `failures` need not add up to the total.
    """

    position: int
    policy_type: str
    policy_domain: str
    policy_string: tuple[str, ...]
    mx_host: tuple[str, ...]
    total_successful_session_count: int
    total_failure_session_count: int
    failures: tuple[TlsFailure, ...] = ()


@dataclass(frozen=True, slots=True)
class TlsReport:
    """A whole SMTP TLS report (RFC 8460). `report_domain` is what subject and file name say that it is about, or "".

    `rejected` are policies that cannot be counted. `policies_hash` is the SHA-256 over all policies in their order.
    """

    org_name: str
    report_id: str
    begin: int
    end: int
    contact_info: str
    report_domain: str
    policies: tuple[TlsPolicy, ...]
    rejected: tuple[RejectedRow, ...]
    repairs: tuple[Repair, ...]
    policies_hash: bytes

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains of the policies, else the one that the report is about."""
        return tuple(dict.fromkeys(each.policy_domain for each in self.policies if each.policy_domain)) or tuple(
            filter(None, [self.report_domain])
        )
