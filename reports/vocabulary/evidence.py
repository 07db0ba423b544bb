"""What reports say and how sure we are of it."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a report is (RFC 9990, RFC 9991, RFC 8460)."""

    AGGREGATE = "aggregate"
    FAILURE = "failure"
    TLS = "tls"


class Lens(StrEnum):
    """Whose mail a row speaks of; never mixed in one number."""

    HERE = "here"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


class SourceVerdict(StrEnum):
    """What a row most likely is. ALIGNED passed DMARC; the others failed, and are told apart by what did pass."""

    ALIGNED = "aligned"
    FORWARDER = "forwarder"
    FIXABLE = "fixable"
    SUSPICIOUS = "suspicious"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """A sign that led to a `SourceVerdict`. Each has a sentence in reports.templatetags."""

    BOTH_ALIGNED = "both_aligned"
    DKIM_ALIGNED_ALONE = "dkim_aligned_alone"
    SPF_ALIGNED_ALONE = "spf_aligned_alone"
    REPORTER_SAYS_FORWARDED = "reporter_says_forwarded"
    REPORTER_SAYS_LIST = "reporter_says_list"
    ARC_PASSED = "arc_passed"
    REWRITTEN_ENVELOPE = "rewritten_envelope"
    OUR_SIGNATURE_BROKEN = "our_signature_broken"
    STRICT_ALIGNMENT = "strict_alignment"
    DNS_TROUBLE = "dns_trouble"
    DKIM_FOR_ANOTHER = "dkim_for_another"
    SPF_FOR_ANOTHER = "spf_for_another"
    SAME_SERVICE = "same_service"
    SPF_REFUSES = "spf_refuses"
    NOTHING_PASSED = "nothing_passed"
    NO_RESULTS = "no_results"


class Confidence(StrEnum):
    """How sure a `SourceVerdict` is: it is always a guess, and shown as one."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Disposition(StrEnum):
    """What the receiver did (RFC 9990 section 3.1.1.9). PASS is RFC 9990's word for none under an enforcing policy."""

    NONE = "none"
    PASS = "pass"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class SenderCheck(StrEnum):
    """Whether a report mail was proven to come from its From domain. UNKNOWN: there is no evidence either way."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    UNKNOWN = "unknown"


class SenderReason(StrEnum):
    """What led to a `SenderCheck`. Each has a sentence in reports.sentences.senders."""

    SERVER_VOUCHES = "server_vouches"
    SIGNATURE_HOLDS = "signature_holds"
    SIGNATURE_BROKEN = "signature_broken"
    SIGNATURE_EXPIRED = "signature_expired"
    SIGNATURE_OF_PART = "signature_of_part"
    SIGNATURE_TOO_WEAK = "signature_too_weak"
    ALGORITHM_UNKNOWN = "algorithm_unknown"
    KEY_MISSING = "key_missing"
    DNS_SILENT = "dns_silent"
    OTHER_SIGNATURES = "other_signatures"
    NO_SIGNATURE = "no_signature"
    NO_AUTHOR = "no_author"
    SEVERAL_AUTHORS = "several_authors"
    HEAD_DAMAGED = "head_damaged"
    PASSED_ON = "passed_on"
    NOT_A_MAIL = "not_a_mail"
    BYTES_GONE = "bytes_gone"

    @property
    def may_pass(self) -> bool:
        """True where asking again later may tell more."""
        return self == SenderReason.DNS_SILENT
