"""The form of an IMAP folder."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from reports.forms.mailbox import PLAIN_TEXT, MailboxForm, secret_field
from reports.forms.mailbox_certificate import CertificateField
from reports.forms.mailbox_oauth import client_id_field, tenant_field
from reports.ingest.places.imap_account import PASSWORD, Tls
from reports.ingest.places.providers import PROVIDERS
from reports.vocabulary import PlaceKind

PORT_MAX = 65535
FOLDER_LENGTH = 254


class ImapForm(MailboxForm):
    """Host, encryption, user and folder."""

    kind = PlaceKind.IMAP
    setting_names = (
        "host",
        "port",
        "tls",
        "sign_in",
        "client_id",
        "tenant",
        "username",
        "folder",
        "notify",
        "ca_certificate",
    )
    reach = ("host", "port", "tls", "ca_certificate", "sign_in", "client_id", "tenant", "username")
    rows = (("host", "port", "tls"), ("username", "password"), ("folder",), ("notify",))
    last_rows = (("sign_in", "client_id", "tenant"), ("ca_certificate",))

    host = forms.CharField(label=gettext_lazy("IMAP host"), max_length=253, widget=forms.TextInput(attrs=PLAIN_TEXT))
    port = forms.IntegerField(label=gettext_lazy("Port"), min_value=1, max_value=PORT_MAX, initial=993)
    tls = forms.ChoiceField(
        label=gettext_lazy("Encryption"),
        choices=[
            (Tls.IMPLICIT, gettext_lazy("From the start (usually port 993)")),
            (Tls.STARTTLS, gettext_lazy("STARTTLS (usually port 143)")),
            (Tls.NONE, pgettext_lazy("encryption", "None: the password is sent in the clear")),
        ],
        initial=Tls.IMPLICIT,
    )
    username = forms.CharField(
        label=gettext_lazy("User name"), max_length=254, widget=forms.TextInput(attrs=PLAIN_TEXT)
    )
    password = secret_field(gettext_lazy("Password"))
    sign_in = forms.ChoiceField(
        label=gettext_lazy("Way to sign in"),
        choices=[
            (PASSWORD, gettext_lazy("User name and password")),
            *((name, provider.name) for name, provider in PROVIDERS.items()),
        ],
        initial=PASSWORD,
        required=False,
        help_text=gettext_lazy("At a provider: the password above is the client secret, if there is one."),
    )
    client_id = client_id_field(is_required=False)
    tenant = tenant_field(is_for_all=True)
    folder = forms.CharField(
        label=gettext_lazy("Folder"),
        max_length=FOLDER_LENGTH,
        initial="INBOX",
        widget=forms.TextInput(attrs=PLAIN_TEXT),
    )
    notify = forms.BooleanField(
        label=gettext_lazy("Read mail at once"),
        required=False,
        help_text=gettext_lazy(
            "Keeps a connection open where the server can tell of new mail. The interval holds too."
        ),
    )
    ca_certificate = CertificateField()

    def clean_sign_in(self) -> str:
        return self.cleaned_data["sign_in"] or PASSWORD

    def clean(self) -> dict[str, Any]:
        signs_in_there = self.cleaned_data.get("sign_in", PASSWORD) != PASSWORD
        if not signs_in_there:  # then they say nothing
            for name in ("sign_in", "client_id", "tenant"):
                self.cleaned_data.pop(name, None)
        if not self.cleaned_data.get("notify"):
            self.cleaned_data.pop("notify", None)
        data = super().clean()
        if self.initial.get("sign_in") and not signs_in_there and not data.get("password"):
            self.add_error("password", self.enter_again())
        if signs_in_there and not data.get("client_id"):
            self.add_error("client_id", _("Name the application that you registered at the provider."))
        if signs_in_there and "password" in self.errors and not data.get("password"):
            del self.errors["password"]  # an application without a secret
        return data

    def enter_again(self) -> str:
        return _("Enter the password again: host, port, encryption, certificate or user name changed, and the stored "
                 "password is not sent to another place than before.")  # fmt: skip
