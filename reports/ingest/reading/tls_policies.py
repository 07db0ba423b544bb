"""Reads the policies of a TLS report with their failure details (RFC 8460 sections 4.2 to 4.4)."""

from __future__ import annotations

from reports.dto import Address, TlsFailure, TlsPolicy
from reports.errors import Unreadable
from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.tls_values import listed, mapping, read_sessions, text_of
from reports.ingest.reading.values import COUNT_MAX, read_address, read_domain
from reports.vocabulary import Reason, RepairCode

POLICY_TYPES = frozenset({"tlsa", "sts", "no-policy-found"})
RESULT_TYPES = frozenset(
    {
        "starttls-not-supported", "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted",
        "validation-failure", "tlsa-invalid", "dnssec-invalid", "dane-required", "sts-policy-fetch-error",
        "sts-policy-invalid", "sts-webpki-invalid",
    }
)  # fmt: skip
"""Section 4.3 and its IANA registry; others are kept as they are sent."""
WORD_LENGTH = 60
NAME_LENGTH = 320
LINES_MAX = 100
FAILURES_MAX = 5000
"""In all policies of a report together."""
_MX_HOST = ("mx-host", "mx-host-pattern", "mx-host-patterns")
_DETAILS = "failure-details"
_SUCCESSFUL, _FAILED = "total-successful-session-count", "total-failure-session-count"


class PolicyReader:
    """Reads one policy after the other; places in repairs are inside `policies[position]`."""

    def __init__(self, report_domain: str, *, repairs: Repairs) -> None:
        self._report_domain = report_domain
        self._repairs = repairs
        self._failures_left = FAILURES_MAX
        self._at = ""

    def read(self, entry: object, *, position: int) -> TlsPolicy:
        """The policy; raises `Unreadable` where it has no content, or numbers of sessions that are none."""
        self._at = f"policies[{position}]"
        content = mapping(entry)
        policy, summary = mapping(content.get("policy")) or content, mapping(content.get("summary")) or content
        if not (policy.keys() | summary.keys()) & {
            "policy-type",
            "policy-domain",
            "policy-string",
            _SUCCESSFUL,
            _FAILED,
        }:
            raise Unreadable(Reason.POLICY_WITHOUT_CONTENT)
        places = (content, policy, summary)
        failures = self._failures(next((place[_DETAILS] for place in places if place.get(_DETAILS) is not None), None))
        return TlsPolicy(
            position=position,
            policy_type=self._word(policy, "policy-type", known=POLICY_TYPES),
            policy_domain=self._policy_domain(policy),
            policy_string=self._lines(policy, "policy-string"),
            mx_host=self._lines(policy, next((key for key in _MX_HOST if key in policy), _MX_HOST[0])),
            total_successful_session_count=self._total(summary, _SUCCESSFUL, missing=0),
            total_failure_session_count=self._total(
                summary, _FAILED, missing=min(COUNT_MAX, sum(each.failed_session_count for each in failures))
            ),
            failures=failures,
        )

    def _note(self, code: RepairCode, place: str, sent: object = "") -> None:
        self._repairs.note(code, f"{self._at}/{place}", text_of(sent))

    def _word(self, content: dict[str, object], key: str, *, known: frozenset[str]) -> str:
        sent = text_of(content.get(key))
        word = sent.lower().replace("_", "-")[:WORD_LENGTH]
        if word not in known:
            self._note(RepairCode.WORD_UNKNOWN, key, sent)
        elif word != sent:
            self._note(RepairCode.WORD_REWRITTEN, key, sent)
        return word

    def _policy_domain(self, policy: dict[str, object]) -> str:
        sent = text_of(policy.get("policy-domain"))
        domain, rewritten = read_domain(sent)
        if domain:
            if rewritten:
                self._note(RepairCode.DOMAIN_REWRITTEN, "policy-domain", sent)
            return domain
        code = RepairCode.POLICY_DOMAIN_ASSUMED if self._report_domain else RepairCode.POLICY_DOMAIN_MISSING
        self._note(code, "policy-domain", sent)
        return self._report_domain

    def _lines(self, policy: dict[str, object], key: str) -> tuple[str, ...]:
        value = policy.get(key)
        if value is not None and not isinstance(value, list):
            self._note(RepairCode.LIST_ASSUMED, key, value)
        if key in _MX_HOST[1:]:
            self._note(RepairCode.KEY_REWRITTEN, _MX_HOST[0], key)
        if isinstance(value, str):  # a policy as its file has it
            value = value.splitlines()
        lines = [text for each in listed(value)[:LINES_MAX] if (text := text_of(each))]
        if len(listed(value)) > LINES_MAX:
            self._note(RepairCode.BEYOND_LIMIT, key, LINES_MAX)
        return tuple(lines)

    def _total(self, summary: dict[str, object], key: str, *, missing: int) -> int:
        if summary.get(key) is None:
            self._note(RepairCode.SESSIONS_ASSUMED, f"summary/{key}", missing)
            return missing
        count, rewritten = read_sessions(summary[key])
        if count is None:
            raise Unreadable(Reason.BAD_SESSIONS)
        if rewritten:
            self._note(RepairCode.SESSIONS_REWRITTEN, f"summary/{key}", summary[key])
        return count

    def _failures(self, value: object) -> tuple[TlsFailure, ...]:
        if value is not None and not isinstance(value, list):
            self._note(RepairCode.LIST_ASSUMED, "failure-details", value)
        details = listed(value)
        if len(details) > self._failures_left:
            self._note(RepairCode.BEYOND_LIMIT, "failure-details", FAILURES_MAX)
            details = details[: self._failures_left]
        self._failures_left -= len(details)
        return tuple(self._failure(each) for each in details)

    def _failure(self, entry: object) -> TlsFailure:
        detail = mapping(entry)
        if not detail:
            self._note(RepairCode.DETAIL_WITHOUT_CONTENT, "failure-details", entry)
        count, rewritten = read_sessions(detail.get("failed-session-count"))
        if count is None:
            self._note(RepairCode.SESSIONS_INVALID, "failed-session-count", detail.get("failed-session-count"))
        elif rewritten:
            self._note(RepairCode.SESSIONS_REWRITTEN, "failed-session-count", detail["failed-session-count"])
        return TlsFailure(
            result_type=self._word(detail, "result-type", known=RESULT_TYPES),
            failed_session_count=count or 0,
            sending_mta_ip=self._address(detail, "sending-mta-ip"),
            receiving_mx_hostname=text_of(detail.get("receiving-mx-hostname"), length=NAME_LENGTH),
            receiving_mx_helo=text_of(detail.get("receiving-mx-helo"), length=NAME_LENGTH),
            receiving_ip=self._address(detail, "receiving-ip"),
            additional_information=text_of(detail.get("additional-information")),
            failure_reason_code=text_of(detail.get("failure-reason-code")),
        )

    def _address(self, detail: dict[str, object], key: str) -> Address | None:
        if detail.get(key) is None:
            return None
        sent = text_of(detail[key])
        address, rewritten = read_address(sent)
        if address is None:
            self._note(RepairCode.MTA_ADDRESS_INVALID, key, sent)
        elif rewritten:
            self._note(RepairCode.MTA_ADDRESS_REWRITTEN, key, sent)
        return address
