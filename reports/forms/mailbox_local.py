"""The forms of places on this machine: a Maildir, an mbox file, a watched folder."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.forms.mailbox import PLAIN_TEXT, MailboxForm
from reports.ingest.places.local import is_plain_name
from reports.vocabulary import PlaceKind

PATH_LENGTH = 254


class _LocalForm(MailboxForm):
    setting_names = ("path",)
    rows = (("path",),)

    path = forms.CharField(
        label=gettext_lazy("Path"),
        max_length=PATH_LENGTH,
        help_text=gettext_lazy("On this server, below the directory that its operator allows."),
        widget=forms.TextInput(attrs=PLAIN_TEXT),
    )

    def refusal_of_target(self, target: str, data: dict[str, Any]) -> str:
        if is_plain_name(target) and not target.startswith("."):
            return ""
        return _("Name a folder directly below this one, without a slash and not beginning with a dot.")


class MaildirForm(_LocalForm):
    """A directory with new, cur and tmp."""

    kind = PlaceKind.MAILDIR


class MboxForm(_LocalForm):
    """A file that is never written, so there is nothing to choose about its mails."""

    kind = PlaceKind.MBOX
    rows_of_actions = ()


class FolderForm(_LocalForm):
    """A directory into which others put files."""

    kind = PlaceKind.FOLDER
