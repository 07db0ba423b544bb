"""The decision about one message: the DMARC result, the mode in force, the rules. Pure; the same on every side."""

from __future__ import annotations

from typing import NamedTuple

from exceptions.engine.facts import MessageFacts
from exceptions.engine.policy import Policy
from exceptions.engine.share import is_enforced
from exceptions.vocabulary import DecisionCode, DmarcResult, Mode, Published, RuleAction, Verdict

# Levels 0, 1, 2. Looked up by `index`, because a dictionary would hash the members in Python for every message.
_MODES = (Mode.MONITOR, Mode.QUARANTINE, Mode.REJECT)
_PUBLISHED = (Published.NONE, Published.QUARANTINE, Published.REJECT)
_VERDICTS = (Verdict.ACCEPT, Verdict.QUARANTINE, Verdict.REJECT)
_REJECT = 2


class Decision(NamedTuple):
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
    level, ceiling = _levels(facts, policy)
    mode = _MODES[level]
    if facts.dmarc_result is not DmarcResult.FAIL:
        return Decision(Verdict.ACCEPT, DecisionCode.NOT_FAILING, None, mode, Verdict.ACCEPT)
    would_be = _VERDICTS[ceiling]
    rule = policy.rule_for(facts, now=now)
    rule_id = rule.id if rule else None
    if mode is Mode.MONITOR:
        return Decision(Verdict.ACCEPT, DecisionCode.MONITOR, rule_id, mode, would_be)
    if rule is None:
        return Decision(_VERDICTS[level], DecisionCode.ENFORCED, None, mode, would_be)
    if policy.is_stale(now=now):
        return Decision(Verdict.DEFER, DecisionCode.EXCEPTION_STALE, rule_id, mode, would_be)
    verdict = Verdict.ACCEPT if rule.action is RuleAction.DELIVER else Verdict.QUARANTINE
    return Decision(verdict, DecisionCode.EXCEPTION, rule_id, mode, would_be)


def _levels(facts: MessageFacts, policy: Policy) -> tuple[int, int]:
    """How far the node goes, and how far it might go at most. Of several From domains the strictest counts."""
    level = ceiling = 0
    for domain in facts.header_from:
        bound = _REJECT if policy.is_own(domain) else _PUBLISHED.index(facts.published)
        level = max(level, _level(domain, facts, policy, bound=bound))
        ceiling = max(ceiling, bound)
    return level, ceiling


def _level(domain: str, facts: MessageFacts, policy: Policy, *, bound: int) -> int:
    """The mode for one From domain under its ceiling; a pair outside the share is treated one step lower."""
    enforcement = policy.enforcement_for(domain)
    level = min(_MODES.index(enforcement.mode), bound)
    if level and not is_enforced(share=enforcement.share, source=facts.source, header_from=domain):
        level -= 1
    return level
