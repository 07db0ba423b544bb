"""allauth's forms for security keys, with labels that can be translated."""

from __future__ import annotations

from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _


class AddSecurityKeyForm(AddWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """A name may be left out, since the key is made before the form is sent: allauth gives one."""

    name = forms.CharField(label=_("Name"), required=False)


class EditSecurityKeyForm(EditWebAuthnForm):  # type: ignore[misc]
    """A new name for a key."""

    name = forms.CharField(label=_("Name"))
