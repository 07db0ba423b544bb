"""The decision about one message: the DMARC result, the mode in force, the rules. Pure; the same on every side."""

from __future__ import annotations

from dataclasses import dataclass

from exceptions.engine.facts import MessageFacts
from exceptions.engine.policy import Policy
from exceptions.engine.share import is_enforced
from exceptions.vocabulary import DecisionCode, DmarcResult, Mode, Published, RuleAction, Verdict

_MODES = (Mode.MONITOR, Mode.QUARANTINE, Mode.REJECT)
_LEVELS = {Mode.MONITOR: 0, Mode.QUARANTINE: 1, Mode.REJECT: 2}
_CEILINGS = {Published.NONE: 0, Published.QUARANTINE: 1, Published.REJECT: 2}
_VERDICTS = (Verdict.ACCEPT, Verdict.QUARANTINE, Verdict.REJECT)
_ACTIONS = {RuleAction.DELIVER: Verdict.ACCEPT, RuleAction.QUARANTINE: Verdict.QUARANTINE}


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a message, and why.

    `rule_id`: the rule that matches, also where it changed nothing because the mode is monitor.
    `mode`: what is enforced for this message after published ceiling and share.
    `would_be`: the verdict at mode reject, share 100, without any rule.
    """

    verdict: Verdict
    code: DecisionCode
    rule_id: str | None
    mode: Mode
    would_be: Verdict


def decide(facts: MessageFacts, policy: Policy, *, now: float) -> Decision:
    """Decide one message at `now` (epoch seconds). Never raises; costs microseconds with 10,000 rules.

    Past the policy's `valid_until` the mode stands, and mail that a rule would let through is deferred: it is neither
    accepted on old authority nor bounced.
    """
    mode = _MODES[max((_level(domain, facts, policy) for domain in facts.header_from), default=0)]
    if facts.dmarc_result != DmarcResult.FAIL:
        return Decision(Verdict.ACCEPT, DecisionCode.NOT_FAILING, None, mode, Verdict.ACCEPT)
    would_be = _VERDICTS[max((_ceiling(domain, facts, policy) for domain in facts.header_from), default=0)]
    rule = policy.rule_for(facts, now=now)
    rule_id = rule.id if rule else None
    if mode is Mode.MONITOR:
        return Decision(Verdict.ACCEPT, DecisionCode.MONITOR, rule_id, mode, would_be)
    if rule is None:
        return Decision(_VERDICTS[_LEVELS[mode]], DecisionCode.ENFORCED, None, mode, would_be)
    if policy.is_stale(now=now):
        return Decision(Verdict.DEFER, DecisionCode.EXCEPTION_STALE, rule_id, mode, would_be)
    return Decision(_ACTIONS[rule.action], DecisionCode.EXCEPTION, rule_id, mode, would_be)


def _ceiling(domain: str, facts: MessageFacts, policy: Policy) -> int:
    """How far a node may go: all the way for own and partner domains, else as far as the domain publishes."""
    return _LEVELS[Mode.REJECT] if policy.is_own(domain) else _CEILINGS[facts.published]


def _level(domain: str, facts: MessageFacts, policy: Policy) -> int:
    """How far the node goes for one From domain; a pair outside the share is treated one step lower."""
    enforcement = policy.enforcement_for(domain)
    level = min(_LEVELS[enforcement.mode], _ceiling(domain, facts, policy))
    if level and not is_enforced(share=enforcement.share, source=facts.source, header_from=domain):
        level -= 1
    return level
