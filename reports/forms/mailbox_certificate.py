"""The field for the certificate of one's own authority, for servers that no public authority vouches for."""

from __future__ import annotations

import ssl

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class CertificateField(forms.CharField):
    """PEM, cleaned to plain line ends; "" where the authorities are trusted that the system trusts."""

    widget = forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "mono"})

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Certificate of your own authority"),
            required=False,
            help_text=gettext_lazy(
                "In PEM form. Only needed where no public authority signed the server's certificate; then no other is "
                "trusted."
            ),
        )

    def clean(self, value: str) -> str:
        pem = "\n".join(super().clean(value).split("\r\n"))
        if pem:
            try:
                ssl.create_default_context(cadata=pem)
            except (ssl.SSLError, ValueError, TypeError):  # the last one for letters that are not ASCII
                raise forms.ValidationError(
                    _("This is no certificate in PEM form. It runs from BEGIN CERTIFICATE to END CERTIFICATE.")
                ) from None
        return pem
