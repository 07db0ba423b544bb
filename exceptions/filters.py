"""What the list of rules may be narrowed by, from the address bar. Nonsense there narrows nothing and never fails."""

from __future__ import annotations

import re
from typing import ClassVar

import django_filters
from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from exceptions.models import RuleVersion, RuleVersionQuerySet
from exceptions.selectors.rule_list import SHOWN_STATES
from exceptions.sentences.words import REASON_WORDS, STATE_WORDS

_NUMBER = re.compile(r"(?:EX-)?([0-9]{1,18})", re.IGNORECASE)


class RuleFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """By words, by the state that the clock gives, and by the reason."""

    search = django_filters.CharFilter(
        method="by_words",
        label=_("Search"),
        widget=forms.TextInput(
            attrs={"type": "search", "data-search": "", "placeholder": _("EX-12, domain, address, person")}
        ),
    )
    state = django_filters.ChoiceFilter(
        field_name="shown_state",
        label=_("State"),
        empty_label=_("All"),
        choices=[(state, STATE_WORDS[state]) for state in SHOWN_STATES],
    )
    reason_code = django_filters.ChoiceFilter(
        label=_("Reason"), empty_label=_("All"), choices=list(REASON_WORDS.items())
    )

    class Meta:
        model = RuleVersion
        fields: ClassVar[list[str]] = []

    def by_words(self, versions: RuleVersionQuerySet, _name: str, value: str) -> RuleVersionQuerySet:
        """In domains, networks and names; a rule's number with or without its EX-."""
        number = _NUMBER.fullmatch(value.strip())
        found = (
            Q(header_from__icontains=value)
            | Q(dkim_domain__icontains=value)
            | Q(envelope_domain__icontains=value)
            | Q(networks__icontains=value)
            | Q(owner_name__icontains=value)
            | Q(author_name__icontains=value)
        )
        return versions.filter(found | Q(rule_id=int(number[1])) if number else found)
