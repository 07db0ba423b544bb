"""One rule of a policy: what it demands of a message, and how it is read. Matching it is `match`'s part."""

from __future__ import annotations

from dataclasses import dataclass

from exceptions.engine import fields
from exceptions.engine.addresses import Network, read_network
from exceptions.engine.wire import WIDEST, RuleDocument
from exceptions.vocabulary import RuleAction


@dataclass(frozen=True, slots=True)
class Rule:
    """An approved exception. Conditions that are present are ANDed, values within one are ORed; times in epoch seconds.

    In force when `not_before` <= now < `expires_at`.
    """

    id: str
    header_from: str
    networks: tuple[Network, ...]
    dkim_domain: str | None
    envelope_domain: str | None
    recipients: frozenset[str]
    action: RuleAction
    not_before: int
    expires_at: int

    @property
    def rank(self) -> tuple[bool, int, str]:
        """Which of several matching rules speaks: the one that delivers, then the lowest id. The list's order is
        of no account, and another rule can never make the outcome stricter."""
        return (self.action != RuleAction.DELIVER, len(self.id), self.id)


def read_rule(value: object, place: str) -> Rule:
    """Read and check one rule; raises PolicyError."""
    given = fields.record(value, place, RuleDocument.__annotations__)
    rule = Rule(
        id=fields.text(given["id"], f"{place}.id", fields.RULE_ID, code="bad_rule_id"),
        header_from=fields.domain(given["header_from"], f"{place}.header_from"),
        networks=fields.items(given["networks"], f"{place}.networks", _network),
        dkim_domain=fields.optional_domain(given["dkim_domain"], f"{place}.dkim_domain"),
        envelope_domain=fields.optional_domain(given["envelope_domain"], f"{place}.envelope_domain"),
        recipients=frozenset(fields.items(given["recipients"], f"{place}.recipients", fields.recipient)),
        action=fields.word(given["action"], f"{place}.action", RuleAction),
        not_before=fields.integer(given["not_before"], f"{place}.not_before"),
        expires_at=fields.integer(given["expires_at"], f"{place}.expires_at"),
    )
    if not rule.networks and rule.dkim_domain is None and rule.envelope_domain is None:
        raise fields.refuse("rule_without_evidence", place, rule.id)
    if rule.expires_at <= rule.not_before:
        raise fields.refuse("rule_never_in_force", place, rule.id)
    return rule


def _network(value: object, place: str) -> Network:
    network = read_network(fields.text(value, place, code="bad_network"))
    if network is None:
        raise fields.refuse("bad_network", place, value)
    if network.prefix < WIDEST[network.bits]:
        raise fields.refuse("network_too_wide", place, value)
    return network
