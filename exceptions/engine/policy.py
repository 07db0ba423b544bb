"""A policy as a node holds it: checked once when it is read, immutable and indexed afterwards. Knows no signature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from exceptions.engine import fields, wire
from exceptions.engine.facts import MessageFacts
from exceptions.engine.index import RuleIndex
from exceptions.engine.match import Match, match
from exceptions.engine.names import suffixes
from exceptions.engine.rule import Rule, read_rule
from exceptions.errors import PolicyError
from exceptions.vocabulary import Mode


@dataclass(frozen=True, slots=True)
class Enforcement:
    """How far to go (`mode`), and for how many of 100 (source, From domain) pairs (`share`)."""

    mode: Mode
    share: int


@dataclass(frozen=True, slots=True)
class Policy:
    """One numbered state of an organisation's decisions. Times in epoch seconds; domains are lower-case A-labels."""

    node: str
    organisation: str
    number: int
    generated_at: int
    valid_until: int
    own_domains: frozenset[str]
    default: Enforcement
    domains: Mapping[str, Enforcement]
    rules: tuple[Rule, ...]
    index: RuleIndex = field(repr=False, compare=False)

    def is_stale(self, *, now: float) -> bool:
        return now > self.valid_until

    def is_own(self, domain: str) -> bool:
        """Whether the organisation, or a partner it named, owns the domain or a parent of it."""
        return not self.own_domains.isdisjoint(suffixes(domain))

    def enforcement_for(self, domain: str) -> Enforcement:
        """The entry of the domain, else of its nearest parent that has one, else the default."""
        for suffix in suffixes(domain):
            if suffix in self.domains:
                return self.domains[suffix]
        return self.default

    def rule_for(self, facts: MessageFacts, *, now: float) -> Rule | None:
        """The rule in force that applies to the message; of several the one with the lowest `Rule.rank`."""
        best: Rule | None = None
        for rule in self.index.candidates(facts):
            if (best is None or rule.rank < best.rank) and isinstance(match(rule, facts, now=now), Match):
                best = rule
        return best


def parse_policy(body: bytes) -> Policy:
    """Read a policy document of a known format, refusing whatever is unclear.

    Raises PolicyError with one of: too_large, not_json, duplicate_key, not_an_object, unknown_format, missing_field,
    unknown_field, not_a_list, bad_integer, bad_text, unknown_word, bad_slug, bad_rule_id, bad_domain, bad_recipient,
    bad_network, network_too_wide, rule_without_evidence, rule_never_in_force, duplicate_rule, too_many_rules,
    bad_validity; its parameters name the place. An unknown format is told before anything else in it is looked at.
    """
    value = _load(body)
    if not isinstance(value, dict):
        raise fields.refuse("not_an_object", "")
    if value.get("format") not in wire.FORMATS:
        raise fields.refuse("unknown_format", "format", value.get("format"))
    given = fields.record(value, "", wire.PolicyDocument.__annotations__)
    generated_at = fields.integer(given["generated_at"], "generated_at")
    valid_until = fields.integer(given["valid_until"], "valid_until")
    if not 0 < valid_until - generated_at <= wire.MAX_VALIDITY:
        raise fields.refuse("bad_validity", "valid_until", valid_until)
    default, domains = _enforcement(given["enforcement"])
    rules = _rules(given["rules"])
    return Policy(
        node=fields.text(given["node"], "node", fields.SLUG, code="bad_slug"),
        organisation=fields.text(given["organisation"], "organisation", fields.SLUG, code="bad_slug"),
        number=fields.integer(given["number"], "number", least=1),
        generated_at=generated_at,
        valid_until=valid_until,
        own_domains=frozenset(fields.items(given["own_domains"], "own_domains", fields.domain)),
        default=default,
        domains=domains,
        rules=rules,
        index=RuleIndex(rules),
    )


def _load(body: bytes) -> Any:  # noqa: ANN401 - JSON is anything until it is checked
    if len(body) > wire.MAX_BYTES:
        raise PolicyError("too_large", limit=wire.MAX_BYTES)
    try:
        return json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise PolicyError("not_json") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers may differ on which of two equal keys counts (RFC 8259 section 4), so there must be one."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise PolicyError("duplicate_key")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _enforcement(value: object) -> tuple[Enforcement, dict[str, Enforcement]]:
    given = fields.record(value, "enforcement", wire.EnforcementDocument.__annotations__)
    domains = given["domains"]
    if not isinstance(domains, dict):
        raise fields.refuse("not_an_object", "enforcement.domains")
    return _entry(given["default"], "enforcement.default"), {
        fields.domain(name, "enforcement.domains"): _entry(entry, f"enforcement.domains.{name}")
        for name, entry in domains.items()
    }


def _entry(value: object, place: str) -> Enforcement:
    given = fields.record(value, place, wire.EnforcementEntry.__annotations__)
    return Enforcement(
        mode=fields.word(given["mode"], f"{place}.mode", Mode),
        share=fields.integer(given["share"], f"{place}.share", most=100),
    )


def _rules(value: object) -> tuple[Rule, ...]:
    if isinstance(value, list) and len(value) > wire.MAX_RULES:
        raise PolicyError("too_many_rules", limit=wire.MAX_RULES)
    rules = fields.items(value, "rules", read_rule)
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.id in seen:
            raise fields.refuse("duplicate_rule", f"rules[{index}]", rule.id)
        seen.add(rule.id)
    return rules
