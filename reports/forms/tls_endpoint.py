"""The form of an address for TLS reports over HTTPS."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from reports.models import Domain
from reports.selectors.report_list import domains
from reports.viewer import Viewer
from reports.vocabulary import DomainKind


class TlsEndpointForm(forms.Form):
    """An address is for one domain that a person has confirmed as ours."""

    domain = forms.ModelChoiceField(
        label=_("Domain"),
        queryset=Domain.objects.none(),
        empty_label=_("Choose a domain"),
        help_text=_("A domain that was confirmed as yours."),
    )

    def __init__(self, *args: object, viewer: Viewer) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # Django's own arguments are passed on
        own = domains(viewer).filter(kind=DomainKind.OWN, confirmed_at__isnull=False)
        self.fields["domain"].queryset = own  # type: ignore[attr-defined]  # it is the field above
