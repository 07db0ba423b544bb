"""The form of each kind of mailbox, in the order in which the kinds are offered."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise

from reports.forms.mailbox import MailboxForm
from reports.forms.mailbox_gmail import GmailForm
from reports.forms.mailbox_graph import GraphForm
from reports.forms.mailbox_imap import ImapForm
from reports.forms.mailbox_local import FolderForm, MaildirForm, MboxForm
from reports.forms.mailbox_s3 import S3Form

FORMS: Mapping[str, type[MailboxForm]] = {
    form.kind: form for form in (ImapForm, GraphForm, GmailForm, S3Form, MaildirForm, MboxForm, FolderForm)
}


def labels() -> dict[str, str | Promise]:
    """What the fields of all kinds are called, for whoever shows their values (the audit log)."""
    found: dict[str, str | Promise] = dict(MailboxForm.Meta.labels)
    for form in FORMS.values():
        found |= {name: field.label for name, field in form.base_fields.items() if field.label and name not in found}
    return found
