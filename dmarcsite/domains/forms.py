"""The form that names a domain."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from reports.vocabulary import DomainKind


class DomainForm(forms.Form):
    """Which domain, and whose it is; the verb checks the name."""

    name = forms.CharField(
        label=_("Domain"), max_length=320, help_text=_("Such as example.com. It covers its subdomains too.")
    )
    kind = forms.ChoiceField(
        label=_("Whose it is"),
        choices=[(DomainKind.OWN.value, _("Our own")), (DomainKind.PARTNER.value, _("A partner's"))],
        initial=DomainKind.OWN.value,
        widget=forms.RadioSelect,
    )
