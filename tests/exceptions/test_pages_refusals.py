"""Every refusal has its sentence and its status; none is left without either."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from exceptions import errors
from exceptions.errors import (
    ExpiryInvalid,
    FourEyes,
    ModeInvalid,
    NotAllowed,
    RuleError,
    RuleInvalid,
    RuleTooBroad,
    StaleReview,
    WrongState,
)
from exceptions.sentences.nodes import NODE_REFUSALS
from exceptions.sentences.refusals import REFUSALS, refusal, status_of

ROOT = Path(__file__).resolve().parent.parent.parent
CLASSES = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.CodedError)
}


def raised_codes(folder: str, *names: str, file: str = "*.py") -> set[str]:
    """Every first text argument with which one of these errors is made in the folder."""
    calls = [
        node
        for path in (ROOT / folder).rglob(file)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    ]
    first = [call.args[0] for call in calls if call.args]
    return {arg.value for arg in first if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}


def test_every_code_that_is_raised_has_a_sentence_and_no_sentence_is_for_nothing() -> None:
    names = [name for name, kind in CLASSES.items() if issubclass(kind, RuleError)]
    defaults = {CLASSES[name].default_code for name in names}
    raised = raised_codes("exceptions/lifecycle", *names) | raised_codes("exceptions/plans", *names)
    assert len(raised) > 25
    assert set(REFUSALS) == raised | defaults


def test_every_refusal_about_a_node_has_a_sentence() -> None:
    codes = raised_codes("reports/inbound", "InboundRefused", file="nodes.py")
    assert codes == set(NODE_REFUSALS)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotAllowed("role_lacks_act", role="viewer", act="x"), 403),
        (WrongState(step="approve", state="revoked"), 409),
        (StaleReview(seen=1, version=2), 409),
        (FourEyes("own_proposal"), 409),
        (RuleTooBroad("no_source_evidence", field="networks"), 422),
        (RuleInvalid("bad_domain", field="header_from", value="x"), 422),
        (ExpiryInvalid("expiry_past", field="expires_at"), 422),
        (ModeInvalid("looser", mode="reject", share=100), 422),
    ],
)
def test_the_status_says_what_kind_of_refusal_it_is(error: RuleError, status: int) -> None:
    assert status_of(error) == status


def test_words_stand_in_place_of_codes() -> None:
    assert refusal(NotAllowed("role_lacks_act", role="viewer", act="x")).startswith("Your role (Viewer) does not")
    assert "it is now: Revoked" in refusal(WrongState(step="approve", state="revoked"))
    assert "(Reject, 40 %)" in refusal(ModeInvalid("looser", field="mode", mode="reject", share=40))


def test_an_unknown_code_still_gets_the_sentence_of_its_kind() -> None:
    assert refusal(FourEyes("a_code_of_tomorrow")) == "You took part in this, so somebody else must decide."
    assert refusal(WrongState()) == str(REFUSALS["rule_refused"])
