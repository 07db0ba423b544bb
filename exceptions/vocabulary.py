"""The words of the exceptions side: plain enumerations, no Django, no translations (those are made at the edge)."""

from __future__ import annotations

from enum import StrEnum

MAX_RULE_DAYS = 90
"""The longest time between a rule's start and its expiry."""

WHOLE_SHARE = 100
"""A share in per cent: all (source address, From domain) pairs."""


class Mode(StrEnum):
    """How far a node goes with mail that fails DMARC: it only watches, sets it aside, or refuses it."""

    MONITOR = "monitor"
    QUARANTINE = "quarantine"
    REJECT = "reject"

    def strictness(self, share: int) -> int:
        """How much this mode holds back with that share, as one figure: 0 (monitor) to 100 (quarantine) to 200 (reject).

        A pair outside the share is treated one step lower. So equal figures mean equal treatment of every message, and
        a lower figure means that some message is let through that was not. The database computes the same.
        """
        return {Mode.MONITOR: 0, Mode.QUARANTINE: share, Mode.REJECT: WHOLE_SHARE + share}[self]


class Verdict(StrEnum):
    """What the engine says about one message. DEFER is a temporary refusal (451): neither accepted nor bounced."""

    ACCEPT = "accept"
    QUARANTINE = "quarantine"
    REJECT = "reject"
    DEFER = "defer"


class RuleState(StrEnum):
    """Where a rule stands. Whether an approved rule is in force is decided by the clock, never by this word alone."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REVOKED = "revoked"
    EXPIRED = "expired"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"

    @classmethod
    def final(cls) -> frozenset[RuleState]:
        """The states without a way out: whoever wants the rule back asks for a new one."""
        return frozenset({cls.REVOKED, cls.EXPIRED, cls.REJECTED, cls.WITHDRAWN})


class RuleAction(StrEnum):
    """What happens to mail that a rule matches."""

    DELIVER = "deliver"
    QUARANTINE = "quarantine"


class ReasonCode(StrEnum):
    """Why people ask for an exception."""

    VENDOR_NOT_ALIGNED = "vendor_not_aligned"
    FORWARDER_OR_LIST = "forwarder_or_list"
    INTERNAL_APPLICATION = "internal_application"
    MIGRATION = "migration"
    PARTNER_OUTAGE = "partner_outage"
    OTHER = "other"


class ChangeState(StrEnum):
    """Where a proposal to enforce less stands. APPROVED lasts only until it is applied, in the same transaction."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    APPLIED = "applied"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class DmarcResult(StrEnum):
    """What the filter's DMARC check said about a message (RFC 8601 section 2.7.1 through RFC 9989)."""

    PASS = "pass"
    FAIL = "fail"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Published(StrEnum):
    """The policy that the author domain publishes for this From domain (RFC 9989 section 4.7)."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class DecisionCode(StrEnum):
    """Why the engine decided as it did; docs/policy-format.md explains each."""

    NOT_FAILING = "not_failing"
    MONITOR = "monitor"
    EXCEPTION = "exception"
    EXCEPTION_STALE = "exception_stale"
    ENFORCED = "enforced"


class MissReason(StrEnum):
    """The first condition of a rule that a message did not meet."""

    FROM_NOT_SINGLE = "from_not_single"
    HEADER_FROM = "header_from"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    NETWORK = "network"
    DKIM_DOMAIN = "dkim_domain"
    ENVELOPE_DOMAIN = "envelope_domain"
    SPF_NOT_PASS = "spf_not_pass"
    RECIPIENTS = "recipients"
