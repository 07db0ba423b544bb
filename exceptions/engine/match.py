"""Whether one rule applies to one message, and if not, why: for the page that explains and the node that decides."""

from __future__ import annotations

from typing import NamedTuple

from exceptions.engine.facts import MessageFacts, recipient_domain
from exceptions.engine.rule import Rule
from exceptions.vocabulary import MissReason


class Match(NamedTuple):
    """Every condition of the rule is met and it is in force."""

    rule_id: str


class Miss(NamedTuple):
    """The first condition that is not met, in the order of `MissReason`."""

    rule_id: str
    reason: MissReason


def match(rule: Rule, facts: MessageFacts, *, now: float) -> Match | Miss:
    """Compare one rule with one message at `now` (epoch seconds). Pure; safe for any input."""
    reason = _identity(rule, facts) or _time(rule, now) or _evidence(rule, facts) or _scope(rule, facts)
    return Miss(rule.id, reason) if reason else Match(rule.id)


def _identity(rule: Rule, facts: MessageFacts) -> MissReason | None:
    if len(facts.header_from) != 1:
        return MissReason.FROM_NOT_SINGLE
    return None if facts.header_from[0] == rule.header_from else MissReason.HEADER_FROM


def _time(rule: Rule, now: float) -> MissReason | None:
    if now < rule.not_before:
        return MissReason.NOT_YET
    return None if now < rule.expires_at else MissReason.EXPIRED


def _evidence(rule: Rule, facts: MessageFacts) -> MissReason | None:
    address = facts.address
    if rule.networks and (address is None or not any(network.covers(address) for network in rule.networks)):
        return MissReason.NETWORK
    if rule.dkim_domain is not None and rule.dkim_domain not in facts.dkim_domains:
        return MissReason.DKIM_DOMAIN
    if rule.envelope_domain is None:
        return None
    if rule.envelope_domain != facts.envelope_domain:
        return MissReason.ENVELOPE_DOMAIN
    return None if facts.spf_pass else MissReason.SPF_NOT_PASS


def _scope(rule: Rule, facts: MessageFacts) -> MissReason | None:
    """Every envelope recipient must be in scope: one message has one fate, and nobody rides on another's exception."""
    if not rule.recipients:
        return None
    inside = all(r in rule.recipients or recipient_domain(r) in rule.recipients for r in facts.recipients)
    return None if facts.recipients and inside else MissReason.RECIPIENTS
