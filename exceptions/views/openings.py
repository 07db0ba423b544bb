"""Which steps of a rule stand open to a person, and for the others the sentence that says why not. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from exceptions.errors import RuleError
from exceptions.lifecycle import transitions
from exceptions.lifecycle.guard import allow, facts_of
from exceptions.lifecycle.transitions import Transition
from exceptions.models import ExceptionRule, RuleVersion
from exceptions.sentences.refusals import refusal
from reports.permissions import Act
from reports.viewer import Viewer

ACTS: dict[Transition, Act] = {
    transitions.APPROVE: Act.DECIDE_RULE,
    transitions.REJECT: Act.DECIDE_RULE,
    transitions.PROPOSE: Act.REQUEST_RULE,
    transitions.EDIT: Act.REQUEST_RULE,
    transitions.WITHDRAW: Act.REQUEST_RULE,
    transitions.REVOKE: Act.REVOKE_RULE,
}


@dataclass(frozen=True, slots=True)
class Opening:
    """One step that the rule's state allows; `why_not` is empty where this person may take it."""

    name: str
    why_not: str = ""


def openings(rule: ExceptionRule, version: RuleVersion, *, viewer: Viewer) -> list[Opening]:
    """The steps from the rule's state that people take, in the order in which a page offers them. One query."""
    facts = facts_of(rule, version=version)
    return [
        Opening(transition.name, _why_not(transition, act, rule, facts=facts, viewer=viewer))
        for transition, act in ACTS.items()
        if facts.state in transition.sources
    ]


def demand_open(transition: Transition, rule: ExceptionRule, version: RuleVersion, *, viewer: Viewer) -> None:
    """Raise what the lifecycle would raise for this person now, before they write a comment for nothing."""
    allow(viewer, ACTS[transition], domain_id=rule.domain_id)
    transitions.check(transition, facts_of(rule, version=version), actor=viewer.user_id)


def _why_not(
    transition: Transition, act: Act, rule: ExceptionRule, *, facts: transitions.RuleFacts, viewer: Viewer
) -> str:
    try:
        # First whose rule it is: that says more to a person than their role does.
        transitions.check(transition, facts, actor=viewer.user_id)
        allow(viewer, act, domain_id=rule.domain_id)
    except RuleError as error:
        return refusal(error)
    return ""
