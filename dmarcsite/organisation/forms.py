"""The form of the organisation's settings."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _

_SERVER = re.compile(r"[\w.-]{1,253}( [0-9])?")
MOST_REPORTERS = 200
LONGEST_REPORTER = 320


class ReportersField(forms.CharField):
    """Names of reporters, one a line; cleaned to a list in which each stands once, in the order of the form."""

    widget = forms.Textarea(attrs={"rows": 4})

    def __init__(self, *, label: object, help_text: object) -> None:
        longest = MOST_REPORTERS * (LONGEST_REPORTER + 2)
        super().__init__(label=label, help_text=help_text, required=False, max_length=longest)  # type: ignore[arg-type]

    def prepare_value(self, value: object) -> object:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: str) -> list[str]:
        lines = dict.fromkeys(filter(None, (line.strip() for line in super().clean(value).splitlines())))
        if len(lines) > MOST_REPORTERS:
            raise forms.ValidationError(_("Name at most %(most)s reporters."), params={"most": MOST_REPORTERS})
        if any(len(line) > LONGEST_REPORTER for line in lines):
            raise forms.ValidationError(
                _("A name has at most %(most)s characters; write one a line."), params={"most": LONGEST_REPORTER}
            )
        return list(lines)


class ServersField(ReportersField):
    """Authserv-ids, one a line, each with the number of own servers in front of it where there are any."""

    def clean(self, value: str) -> list[str]:
        lines = super().clean(value)
        if wrong := next((line for line in lines if not _SERVER.fullmatch(line)), None):
            raise forms.ValidationError(
                _("%(line)s is not the name of a server, alone or with a number from 0 to 9 behind it."),
                params={"line": wrong},
            )
        return lines


class OrganisationForm(forms.Form):
    """What `organisation.settings` saves."""

    name = forms.CharField(label=_("Name of the organisation"), max_length=120)
    own_reporters = ReportersField(
        label=_("Our own gateways, as reporters"),
        help_text=_(
            "How your own mail gateways call themselves in the reports they send: organisation name, e-mail address or "
            "its domain, one a line. What they report counts as arriving here."
        ),
    )
    mailbox_reporters = ReportersField(
        label=_("Hosts of our mailboxes, as reporters"),
        help_text=_(
            "Providers that also host mailboxes of yours, named alike. Whether what they report arrived at you cannot "
            "be told, so it is shown as unclear where."
        ),
    )
    trusted_authserv_ids = ServersField(
        label=_("Mail servers whose results are believed"),
        help_text=_(
            "The name that your own mail server puts first in its Authentication-Results, one a line. Its word that a "
            "report mail passed DMARC, DKIM or SPF counts as proof of the sender. Leave it empty if the server does not "
            "remove forged results; signatures are checked here all the same. After a change the senders of the last "
            "30 days' mails, as far as their bytes are kept, are judged again in the background, and which of several "
            "contradicting reports counts may change with them."
        ),
    )
