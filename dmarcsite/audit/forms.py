"""The filter of the Audit page: by kind of act, by act, and by person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dmarcsite.audit.acts import ACTS, KINDS
from reports.audit.trail import Actor

SYSTEM = "system"


class AuditFilter(forms.Form):
    """`wanted` is the condition that the choices make; a choice that there is not makes none."""

    act = forms.ChoiceField(label=_("Act"), required=False)
    person = forms.ChoiceField(label=_("Who"), required=False)

    def __init__(self, *args: Any, people: Iterable[Actor], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        everybody = [(SYSTEM if actor.pk is None else str(actor.pk), actor.name or _("the system")) for actor in people]
        self.fields["act"] = forms.ChoiceField(label=_("Act"), required=False, choices=_acts())
        self.fields["person"] = forms.ChoiceField(
            label=_("Who"), required=False, choices=[("", _("Everybody")), *everybody]
        )

    @property
    def wanted(self) -> Q:
        """To be asked after `is_valid()`."""
        act, person = self.cleaned_data.get("act", ""), self.cleaned_data.get("person", "")
        wanted = Q()
        prefixes = next((kind.prefixes for kind in KINDS if kind.key == act), (act,) if act else ())
        for prefix in prefixes:
            wanted |= Q(action__startswith=prefix)
        if person:
            wanted &= Q(actor_id=None if person == SYSTEM else int(person))
        return wanted


def _acts() -> list[tuple[Any, Any]]:
    """Each kind is a choice, followed by its acts."""
    groups = [(kind.label, [(kind.key, _("All of this kind")), *_of(kind.prefixes)]) for kind in KINDS]
    return [("", _("All acts")), *groups]


def _of(prefixes: tuple[str, ...]) -> list[tuple[str, object]]:
    return [(action, words) for action, words in ACTS.items() if action.startswith(prefixes)]
