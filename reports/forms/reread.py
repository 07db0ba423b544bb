"""The form of a re-read: which messages, and whether only the difference is wanted."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reports.reread.selection import Selection
from reports.vocabulary import Outcome, Reason

EVERY = "all"
PARKED = "parked"


class RereadForm(forms.Form):
    """`selection()` and `dry_run` of a valid form are what reports.reread.asking takes."""

    outcome = forms.ChoiceField(
        label=_("Which messages"),
        choices=[
            (EVERY, _("All")),
            (PARKED, _("Parked: the reader failed on them")),
            (Outcome.REFUSED.value, pgettext_lazy("message", "Refused")),
            (Outcome.PARTIAL.value, _("Stored in part")),
            (Outcome.NOT_A_REPORT.value, _("Not a report")),
            (Outcome.STORED.value, _("Stored")),
            (Outcome.DUPLICATE.value, _("Duplicate")),
        ],
    )
    since = forms.DateField(
        label=_("That came in since (UTC)"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    message = forms.IntegerField(
        label=_("Number of one message"), required=False, min_value=1, widget=forms.HiddenInput
    )
    dry_run = forms.BooleanField(label=_("Only say what would change"), required=False, initial=True)

    def selection(self) -> Selection:
        given = self.cleaned_data
        outcome = given["outcome"]
        return Selection(
            message_id=given["message"],
            since=given["since"].isoformat() if given["since"] else "",
            outcome={EVERY: "", PARKED: Outcome.REFUSED.value}.get(outcome, outcome),
            reason=Reason.READER_FAILED.value if outcome == PARKED else "",
        )
