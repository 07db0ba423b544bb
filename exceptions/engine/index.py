"""Finds the few rules that may apply to a message among very many. Only narrows down; `match` has the last word.

Rules of one From domain that demand the same kinds of evidence (address width, prefix length, DKIM or not, envelope
or not) share a table keyed by the evidence itself, so a look-up costs one dictionary access per kind in use, however
many rules there are. Rules with equal evidence are told apart by the first recipient.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from exceptions.engine.facts import MessageFacts, recipient_domain
from exceptions.engine.rule import Rule

Evidence = tuple[int | None, str | None, str | None]
"""Leading bits of the address, DKIM domain, envelope domain; None where the shape does not ask."""


class Shape(NamedTuple):
    """Which evidence a group of rules demands. `bits` is 0 where they name no network."""

    bits: int
    shift: int
    dkim: bool
    envelope: bool


@dataclass(slots=True)
class _Leaf:
    unscoped: list[Rule] = field(default_factory=list)
    by_recipient: dict[str, list[Rule]] = field(default_factory=dict)

    def add(self, rule: Rule) -> None:
        for recipient in rule.recipients:
            self.by_recipient.setdefault(recipient, []).append(rule)
        if not rule.recipients:
            self.unscoped.append(rule)

    def candidates(self, recipients: tuple[str, ...]) -> Iterator[Rule]:
        yield from self.unscoped
        if self.by_recipient and recipients:
            yield from self.by_recipient.get(recipients[0], ())
            yield from self.by_recipient.get(recipient_domain(recipients[0]), ())


class RuleIndex:
    """The rules of a policy, by From domain, then by evidence. Built once, read by many."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._domains: dict[str, dict[Shape, dict[Evidence, _Leaf]]] = {}
        for rule in rules:
            shapes = self._domains.setdefault(rule.header_from, {})
            for shape, evidence in _places(rule):
                shapes.setdefault(shape, {}).setdefault(evidence, _Leaf()).add(rule)

    def candidates(self, facts: MessageFacts) -> Iterator[Rule]:
        """Rules whose From domain and evidence fit; time and the other recipients are still to be checked."""
        if len(facts.header_from) != 1:
            return
        for shape, table in self._domains.get(facts.header_from[0], {}).items():
            for evidence in _shown(shape, facts):
                if leaf := table.get(evidence):
                    yield from leaf.candidates(facts.recipients)


def _places(rule: Rule) -> Iterator[tuple[Shape, Evidence]]:
    dkim, envelope = rule.dkim_domain, rule.envelope_domain
    for network in rule.networks:
        shape = Shape(network.bits, network.bits - network.prefix, dkim is not None, envelope is not None)
        yield shape, (network.value, dkim, envelope)
    if not rule.networks:
        yield Shape(0, 0, dkim is not None, envelope is not None), (None, dkim, envelope)


def _shown(shape: Shape, facts: MessageFacts) -> Iterator[Evidence]:
    """The evidence of this shape that the message carries: at most one, or one per verified signature."""
    network = None
    if shape.bits:
        if facts.address is None or facts.address.bits != shape.bits:
            return
        network = facts.address.value >> shape.shift
    if shape.envelope and not facts.spf_pass:
        return
    envelope = facts.envelope_domain if shape.envelope else None
    for dkim in facts.dkim_domains if shape.dkim else (None,):
        yield (network, dkim, envelope)
