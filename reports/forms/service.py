"""The form that gives a sending service a name."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from reports.sentences.services import SERVICE_TYPES


class ServiceForm(forms.Form):
    """Which addresses, and what they are called; the verb reads the target."""

    target = forms.CharField(
        label=_("Network or domain"),
        max_length=253,
        help_text=_("Such as 192.0.2.0/24 or example.com. A domain means addresses whose confirmed name lies in it."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(label=_("Name of the service"), max_length=200)
    type = forms.ChoiceField(
        label=_("What it is"), choices=[("", _("not said")), *SERVICE_TYPES.items()], required=False
    )
