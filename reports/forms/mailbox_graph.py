"""The form of a folder of Microsoft 365 that is read through Microsoft Graph."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.forms.mailbox import PLAIN_TEXT, MailboxForm, secret_field
from reports.forms.mailbox_oauth import client_id_field, tenant_field
from reports.ingest.places.providers import MICROSOFT
from reports.vocabulary import PlaceKind


class GraphForm(MailboxForm):
    """Mailbox, folder, and the application that reads it."""

    kind = PlaceKind.GRAPH
    setting_names = ("username", "folder", "client_id", "tenant", "sign_in")
    reach = ("client_id", "tenant")
    rows = (("username", "folder"), ("client_id", "tenant"), ("password",))
    is_secret_optional = True

    username = forms.EmailField(label=gettext_lazy("Mailbox"), help_text=gettext_lazy("Its address."))
    folder = forms.CharField(
        label=gettext_lazy("Folder"),
        max_length=254,
        initial="Inbox",
        help_text=gettext_lazy(
            "With its parents, like Inbox/DMARC. Inbox, Archive and Junk Email are known in any language."
        ),
        widget=forms.TextInput(attrs=PLAIN_TEXT),
    )
    client_id = client_id_field(is_required=True)
    tenant = tenant_field(is_for_all=False)
    password = secret_field(gettext_lazy("Client secret"))

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["sign_in"] = MICROSOFT
        return super().clean()

    def enter_again(self) -> str:
        return _("Enter the client secret again: client id or tenant changed.")
