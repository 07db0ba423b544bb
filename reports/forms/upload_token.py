"""The form of an upload token."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class UploadTokenForm(forms.Form):
    """A token is known by its name."""

    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("Such as the program or the host that will use it.")
    )
