"""Forms around people: the invitation, its acceptance, and the organisation that somebody looks at."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reports.vocabulary import Role

ROLE_WORDS = {
    Role.VIEWER: pgettext_lazy("role", "Viewer"),
    Role.ANALYST: pgettext_lazy("role", "Analyst"),
    Role.APPROVER: pgettext_lazy("role", "Approver"),
    Role.ADMINISTRATOR: pgettext_lazy("role", "Administrator"),
    Role.AUDITOR: pgettext_lazy("role", "Auditor"),
}


class RoleForm(forms.Form):
    """Who is to have which role. A person with an account gets it, others get an invitation."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    role = forms.ChoiceField(label=_("Role"), choices=[(role.value, words) for role, words in ROLE_WORDS.items()])


class AcceptForm(forms.Form):
    """An invited person names themselves and chooses a password."""

    name = forms.CharField(label=_("Your name"), max_length=150)
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 12 characters. A passphrase of several words is good."),
    )

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "name"
