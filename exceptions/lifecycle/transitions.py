"""The steps between the states of a rule, as data, and the guard that every step passes. Pure: no Django, no clock."""

from __future__ import annotations

from dataclasses import dataclass

from exceptions.errors import FourEyes, StaleReview, WrongState
from exceptions.vocabulary import RuleState

S = RuleState


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One step. `second_person`: not for those who proposed, wrote or own the rule. `needs_reason`: not without words."""

    name: str
    sources: frozenset[RuleState]
    target: RuleState
    second_person: bool = False
    needs_reason: bool = False


EDIT = Transition(name="edit", sources=frozenset({S.DRAFT, S.PROPOSED}), target=S.DRAFT)
PROPOSE = Transition(name="propose", sources=frozenset({S.DRAFT}), target=S.PROPOSED)
WITHDRAW = Transition(name="withdraw", sources=frozenset({S.DRAFT, S.PROPOSED}), target=S.WITHDRAWN)
APPROVE = Transition(name="approve", sources=frozenset({S.PROPOSED}), target=S.APPROVED, second_person=True)
REJECT = Transition(name="reject", sources=frozenset({S.PROPOSED}), target=S.REJECTED, needs_reason=True)
REVOKE = Transition(name="revoke", sources=frozenset({S.APPROVED}), target=S.REVOKED, needs_reason=True)
EXPIRE = Transition(name="expire", sources=frozenset({S.APPROVED}), target=S.EXPIRED)

TRANSITIONS = (EDIT, PROPOSE, WITHDRAW, APPROVE, REJECT, REVOKE, EXPIRE)


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What the guard has to know of a rule. `authors` are all who wrote a version up to this one; people are ids."""

    state: RuleState
    version: int
    proposed_by: int | None
    owner: int
    authors: frozenset[int]


def check(transition: Transition, facts: RuleFacts, *, actor: int | None, seen_version: int | None = None) -> None:
    """Return if the step is open to the actor (None: the system); `seen_version` is what they had before them.

    Raises StaleReview, WrongState or FourEyes, in this order.
    """
    if seen_version is not None and seen_version != facts.version:
        raise StaleReview(seen=seen_version, version=facts.version)
    if facts.state not in transition.sources:
        raise WrongState(step=transition.name, state=facts.state.value)
    if transition.second_person:
        _check_second_person(facts, actor)


def is_second_person(facts: RuleFacts, *, actor: int) -> bool:
    """Whether four eyes leave this person free to approve; whether their role does is another question."""
    try:
        _check_second_person(facts, actor)
    except FourEyes:
        return False
    return True


def _check_second_person(facts: RuleFacts, actor: int | None) -> None:
    if actor is None:
        raise FourEyes("no_person")
    if actor == facts.proposed_by:
        raise FourEyes("own_proposal")
    if actor in facts.authors:
        raise FourEyes("own_version")
    if actor == facts.owner:
        raise FourEyes("own_rule")
