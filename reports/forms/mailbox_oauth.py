"""The fields of mailboxes that sign in at a provider by OAuth 2.0 instead of with a password."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy

from reports.forms.mailbox import PLAIN_TEXT

ID_LENGTH = 200


def client_id_field(*, is_required: bool) -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Client id"),
        max_length=ID_LENGTH,
        required=is_required,
        help_text=gettext_lazy("Of the application that you registered at the provider for Sekimori."),
        widget=forms.TextInput(attrs=PLAIN_TEXT),
    )


def tenant_field(*, is_for_all: bool) -> forms.RegexField:
    """It becomes a part of an address. `is_for_all`: the form is for other providers too, which have no tenants."""
    of_microsoft = gettext_lazy("Id or domain of your tenant.")
    return forms.RegexField(
        r"^[A-Za-z0-9.-]+$",
        label=gettext_lazy("Tenant"),
        max_length=ID_LENGTH,
        required=False,
        help_text=gettext_lazy("Microsoft 365 only: id or domain of your tenant.") if is_for_all else of_microsoft,
        widget=forms.TextInput(attrs=PLAIN_TEXT),
    )
