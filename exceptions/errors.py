"""What can go wrong with a rule, a policy or its publication: a stable code and parameters, never a sentence."""

from __future__ import annotations

from typing import ClassVar


class CodedError(Exception):
    """An error that a page, a command or a log line can explain from `code` and `params`.

    Every class has a default code; a more precise one may be given: `RuleError("expiry_too_far", days=90)`.
    """

    default_code: ClassVar[str] = "error"

    def __init__(self, code: str = "", /, **params: str | int) -> None:
        self.code = code or self.default_code
        self.params = params
        super().__init__(self.code, params)

    def __str__(self) -> str:
        return " ".join([self.code, *(f"{key}={value!r}" for key, value in sorted(self.params.items()))])


class RuleError(CodedError):
    """A refusal: what was asked of a rule may not happen, and nothing changed."""

    default_code = "rule_refused"


class WrongState(RuleError):
    """The rule is not in a state from which this is possible, or somebody was faster."""

    default_code = "wrong_state"


class StaleReview(RuleError):
    """The rule is not the version that the person saw."""

    default_code = "stale_review"


class FourEyes(RuleError):
    """The person proposed, edited or owns this rule, so another one has to approve it."""

    default_code = "four_eyes"


class NotAllowed(RuleError):
    """The person's role does not include this act."""

    default_code = "not_allowed"


class RuleTooBroad(RuleError):
    """The rule would admit more than one identity: no evidence, no From domain, or too wide a network."""

    default_code = "rule_too_broad"


class RuleInvalid(RuleError):
    """A field of the rule cannot be read or contradicts another."""

    default_code = "rule_invalid"


class ExpiryInvalid(RuleInvalid):
    """The expiry is missing, past, before the start, or too far away."""

    default_code = "expiry_invalid"


class ModeInvalid(RuleError):
    """The enforcement mode cannot be set like this: not by this act, or not to this."""

    default_code = "mode_invalid"


class PolicyError(CodedError):
    """A policy document that must not be used; the last good one stays."""

    default_code = "bad_policy"


class SignatureError(CodedError):
    """The signature of a policy document is missing, unreadable, by an unknown key, or wrong."""

    default_code = "bad_signature"


class PublishError(CodedError):
    """A policy could not be rendered, signed or served."""

    default_code = "publish_failed"


class AgentError(CodedError):
    """The agent could not fetch, send or keep something; what is live stays live."""

    default_code = "agent_failed"
