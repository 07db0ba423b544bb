"""The form of a label of a Gmail account that is read through the Gmail API."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.forms.mailbox import PLAIN_TEXT, MailboxForm, secret_field
from reports.forms.mailbox_oauth import client_id_field
from reports.ingest.places.providers import GOOGLE
from reports.vocabulary import PlaceKind


class GmailForm(MailboxForm):
    """Account, label, and the application that reads it."""

    kind = PlaceKind.GMAIL
    setting_names = ("username", "folder", "client_id", "sign_in")
    reach = ("client_id",)
    rows = (("username", "folder"), ("client_id", "password"))
    is_secret_optional = True

    username = forms.EmailField(label=gettext_lazy("Account"), help_text=gettext_lazy("Its address."))
    folder = forms.CharField(
        label=gettext_lazy("Label"),
        max_length=225,
        initial="INBOX",
        help_text=gettext_lazy("As Gmail shows it, with its parents, like reports/DMARC."),
        widget=forms.TextInput(attrs=PLAIN_TEXT),
    )
    client_id = client_id_field(is_required=True)
    password = secret_field(gettext_lazy("Client secret"))

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["sign_in"] = GOOGLE
        return super().clean()

    def enter_again(self) -> str:
        return _("Enter the client secret again: the client id changed.")
