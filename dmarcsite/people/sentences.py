"""The refusals of dmarcsite.people.errors in words: what is wrong and what to do."""

from __future__ import annotations

from django.utils.translation import gettext as _


def sentence(code: str) -> str:
    """The sentence of a code, in the language of the request."""
    return {
        "own_proposal": _("You proposed this yourself; another administrator has to agree."),
        "already_decided": _("This proposal has been decided or withdrawn meanwhile. Reload the page to see how."),
        "already_open": _("A proposal for this person is open already. Let it be decided, or withdraw it first."),
        "last_administrator": _("This is the last administrator. Make somebody else administrator first."),
        "other_administrator": _(
            "There are only two administrators, so neither takes the other's role away. They may give it up themselves, "
            "or you make a third person administrator together first."
        ),
        "second_missing": _(
            "This invitation is from a time with one administrator; by now a second administrator has to agree. "
            "Ask for a new one."
        ),
        "invitation_ended": _("This invitation has been used, or its seven days are over. Ask for a new one."),
        "demo_person": _("This address belongs to a person of the demonstration, who has no role anywhere else."),
        "not_in_organisation": _("This person has no role here any more. Reload the page."),
    }[code]
