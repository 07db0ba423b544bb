"""The form of a mailbox. The password goes in and never comes out again."""

from __future__ import annotations

import ssl
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from reports.models import Mailbox

REACH = ("host", "port", "tls", "ca_certificate", "username")
"""Where a password goes: whoever changes one of these enters the password again, or it could be sent elsewhere."""
PORT_MAX = 65535
INTERVAL_MAX = 24 * 60
NAME_IS_TAKEN = gettext_lazy("Another mailbox has this name. Choose a different one.")

ACTIONS = [
    (Mailbox.Action.LEAVE, gettext_lazy("Leave it as it is")),
    (Mailbox.Action.FLAG, gettext_lazy("Flag it in its folder")),
    (Mailbox.Action.MOVE, gettext_lazy("Move it to another folder")),
]


class MailboxForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """All settings of a mailbox; `password` may stay empty where one is stored and goes to the same place as before."""

    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=1000,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    port = forms.IntegerField(label=gettext_lazy("Port"), min_value=1, max_value=PORT_MAX, initial=993)
    interval_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes between two visits"), min_value=1, max_value=INTERVAL_MAX, initial=15
    )

    class Meta:
        model = Mailbox
        fields = (
            "name", "host", "port", "tls", "username", "password", "folder", "handled_action", "handled_folder",
            "refused_action", "refused_folder", "interval_minutes", "ca_certificate", "is_enabled",
        )  # fmt: skip
        labels = {
            "name": gettext_lazy("Name of this mailbox"),
            "host": gettext_lazy("IMAP host"),
            "tls": gettext_lazy("Encryption"),
            "username": gettext_lazy("User name"),
            "folder": gettext_lazy("Folder"),
            "handled_action": gettext_lazy("Mail that was read"),
            "handled_folder": gettext_lazy("Folder for mail that was read"),
            "refused_action": gettext_lazy("Mail that could not be used"),
            "refused_folder": gettext_lazy("Folder for mail that could not be used"),
            "ca_certificate": gettext_lazy("Certificate of your own authority"),
            "is_enabled": gettext_lazy("Visit this mailbox"),
        }
        help_texts = {
            "name": gettext_lazy("As it is called on these pages."),
            "handled_folder": gettext_lazy("Only for moving; it is made where it is missing."),
            "refused_folder": gettext_lazy("Only for moving; it is made where it is missing."),
            "ca_certificate": gettext_lazy(
                "In PEM form. Only needed where no public authority signed the server's certificate; then no other is trusted."
            ),
        }
        widgets = {"ca_certificate": forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "mono"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["tls"] = forms.ChoiceField(
            label=gettext_lazy("Encryption"),
            choices=[
                (Mailbox.Tls.IMPLICIT, gettext_lazy("From the start (usually port 993)")),
                (Mailbox.Tls.STARTTLS, gettext_lazy("STARTTLS (usually port 143)")),
                (Mailbox.Tls.NONE, pgettext_lazy("encryption", "None: the password is sent in the clear")),
            ],
            initial=Mailbox.Tls.IMPLICIT,
        )
        for name, initial in (("handled_action", Mailbox.Action.FLAG), ("refused_action", Mailbox.Action.LEAVE)):
            label = self.Meta.labels[name]
            self.fields[name] = forms.ChoiceField(label=label, choices=ACTIONS, initial=initial)
        self.fields["password"].required = not self.instance.pk
        if self.instance.pk:
            self.fields["password"].help_text = _("Leave it empty to keep the stored one.")
        for name in ("host", "username", "folder", "handled_folder", "refused_folder"):
            self.fields[name].widget.attrs.update(autocapitalize="none", autocomplete="off", spellcheck="false")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        same = Mailbox.objects.filter(organisation_id=self.instance.organisation_id, name=name)
        if same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(NAME_IS_TAKEN)
        return name

    def clean_ca_certificate(self) -> str:
        pem = "\n".join(self.cleaned_data["ca_certificate"].split("\r\n"))
        if pem:
            try:
                ssl.create_default_context(cadata=pem)
            except (ssl.SSLError, ValueError, TypeError):  # the last one for letters that are not ASCII
                raise forms.ValidationError(
                    _("This is no certificate in PEM form. It runs from BEGIN CERTIFICATE to END CERTIFICATE.")
                ) from None
        return pem

    def _goes_elsewhere(self, data: dict[str, Any]) -> bool:
        """Line ends do not count: browsers send others than are stored."""
        return any(name in data and str(data[name]).split() != str(self.initial[name]).split() for name in REACH)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for act, folder in (("handled_action", "handled_folder"), ("refused_action", "refused_folder")):
            if data.get(act) == Mailbox.Action.MOVE and not data.get(folder):
                self.add_error(folder, _("Name the folder to which the mail is to be moved."))
            elif data.get(folder) and data[folder] == data.get("folder"):
                self.add_error(folder, _("This is the folder that is read. Name another one."))
        if self.instance.pk and not data.get("password") and self._goes_elsewhere(data):
            self.add_error(
                "password",
                _("Enter the password again: host, port, encryption, certificate or user name changed, and the stored "
                  "password is not sent to another place than before."),
            )  # fmt: skip
        return data
