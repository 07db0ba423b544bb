"""The table of steps: its whole product with the states, and the guard's order."""

from __future__ import annotations

from itertools import product

import pytest

from exceptions.errors import FourEyes, StaleReview, WrongState
from exceptions.lifecycle.transitions import (
    APPROVE,
    REJECT,
    REVOKE,
    TRANSITIONS,
    RuleFacts,
    Transition,
    check,
    is_second_person,
)
from exceptions.vocabulary import RuleState

ANN, BOB, OLD_AUTHOR, OWNER = 1, 2, 3, 4
OPEN = {
    ("edit", "draft"),
    ("edit", "proposed"),
    ("propose", "draft"),
    ("withdraw", "draft"),
    ("withdraw", "proposed"),
    ("approve", "proposed"),
    ("reject", "proposed"),
    ("revoke", "approved"),
    ("expire", "approved"),
}


def facts(state: RuleState = RuleState.PROPOSED, version: int = 2) -> RuleFacts:
    return RuleFacts(state, version, proposed_by=ANN, owner=OWNER, authors=frozenset({ANN, OLD_AUTHOR}))


@pytest.mark.parametrize(
    ("transition", "state"), list(product(TRANSITIONS, RuleState)), ids=lambda each: getattr(each, "name", str(each))
)
def test_a_step_is_open_exactly_from_its_states(transition: Transition, state: RuleState) -> None:
    if (transition.name, state.value) in OPEN:
        check(transition, facts(state), actor=BOB)
        return
    with pytest.raises(WrongState) as caught:
        check(transition, facts(state), actor=BOB)
    assert caught.value.params == {"step": transition.name, "state": state.value}


def test_final_states_have_no_way_out() -> None:
    assert RuleState.final() == {RuleState.REVOKED, RuleState.EXPIRED, RuleState.REJECTED, RuleState.WITHDRAWN}
    assert not any(transition.sources & RuleState.final() for transition in TRANSITIONS)


@pytest.mark.parametrize(
    ("actor", "code"),
    [(ANN, "own_proposal"), (OLD_AUTHOR, "own_version"), (OWNER, "own_rule"), (None, "no_person")],
)
def test_who_proposed_wrote_or_owns_may_not_approve(actor: int | None, code: str) -> None:
    with pytest.raises(FourEyes) as caught:
        check(APPROVE, facts(), actor=actor, seen_version=2)
    assert caught.value.code == code


def test_the_page_can_ask_who_may_approve() -> None:
    assert [is_second_person(facts(), actor=actor) for actor in (ANN, BOB, OLD_AUTHOR, OWNER)] == [
        False,
        True,
        False,
        False,
    ]


def test_rejecting_and_revoking_take_one_person() -> None:
    check(REJECT, facts(), actor=ANN, seen_version=2)
    check(REVOKE, facts(RuleState.APPROVED), actor=ANN)


def test_a_stale_review_is_told_before_anything_else() -> None:
    with pytest.raises(StaleReview) as caught:
        check(APPROVE, facts(RuleState.DRAFT, version=3), actor=ANN, seen_version=2)
    assert caught.value.params == {"seen": 2, "version": 3}
