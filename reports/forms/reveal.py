"""The reason for which somebody looks at an unmasked failure report."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

SHORTEST, LONGEST = 10, 500


class RevealForm(forms.Form):
    """One sentence, which stands in the audit log."""

    reason = forms.CharField(
        label=_("Reason"),
        min_length=SHORTEST,
        max_length=LONGEST,
        help_text=_("One sentence; it is written to the audit log with your name."),
    )
