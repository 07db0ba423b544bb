"""The stations of a rule's life as the stepper shows them: what is done, where it stands, what is left."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from exceptions.models import ExceptionRule, RuleVersion
from exceptions.sentences.words import STATE_WORDS, Words

Step = dict[str, object]

_STATIONS = (
    pgettext_lazy("station of a rule", "Written"),
    pgettext_lazy("station of a rule", "Approval asked for"),
    pgettext_lazy("station of a rule", "Approved"),
    pgettext_lazy("station of a rule", "In force"),
)
_CURRENT = {"draft": 0, "proposed": 1, "scheduled": 2, "in_force": 3}
_PASSED = {"rejected": 2, "revoked": 3, "expired": 4}


def stations(rule: ExceptionRule, version: RuleVersion, *, state: str, approver: str) -> list[Step]:
    """Four stations, or those that were passed and then the end. `state` is the shown one."""
    notes = (version.author_name, rule.proposed_by_name, approver, "")
    if state in _CURRENT:
        here = _CURRENT[state]
        return [
            {"label": label, "state": "done" if place < here else "current" if place == here else "todo", "note": note}
            for place, (label, note) in enumerate(zip(_STATIONS, notes, strict=True))
        ]
    passed = _PASSED.get(state, 2 if rule.proposed_by_id else 1)
    done: list[Step] = [
        {"label": label, "state": "done", "note": note}
        for label, note in zip(_STATIONS[:passed], notes[:passed], strict=True)
    ]
    return [*done, {"label": STATE_WORDS[state], "state": "stopped", "note": ""}]


NEXT: Words = {
    "draft": _("Nobody has been asked yet. Filters do not know of this rule."),
    "proposed": _("Filters obey this rule only after somebody else has approved it."),
    "scheduled": _("Filters know of this rule and begin to obey it at its start."),
    "in_force": _("Filters obey this rule now and stop by themselves at its end."),
    "expired": _("Its time is over. Filters stopped obeying it by themselves."),
    "revoked": _("Filters do not obey this rule any more."),
    "rejected": _("This rule was never in force."),
    "withdrawn": _("This rule was never in force."),
}
"""What the state means for the mail, in one sentence."""
