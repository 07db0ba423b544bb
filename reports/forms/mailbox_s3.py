"""The form of an S3-compatible bucket."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.forms.mailbox import PLAIN_TEXT, MailboxForm, secret_field
from reports.forms.mailbox_certificate import CertificateField
from reports.vocabulary import PlaceKind

BUCKET_LENGTH = 63
PREFIX_LENGTH = 180
"""Bucket and prefix together are the folder of the ledger."""


class S3Form(MailboxForm):
    """Bucket, prefix and access key; endpoint and path style for storages that are not Amazon's."""

    kind = PlaceKind.S3
    setting_names = ("bucket", "prefix", "region", "access_key", "endpoint_url", "is_path_style", "ca_certificate")
    reach = ("endpoint_url", "region", "access_key", "ca_certificate")
    rows = (("bucket", "prefix"), ("region", "endpoint_url"), ("access_key", "password"), ("is_path_style",))
    last_rows = (("ca_certificate",),)

    bucket = forms.CharField(
        label=gettext_lazy("Bucket"), max_length=BUCKET_LENGTH, widget=forms.TextInput(attrs=PLAIN_TEXT)
    )
    prefix = forms.CharField(  # type: ignore[assignment]  # the class attribute of that name is hidden by the field
        label=gettext_lazy("Prefix"), max_length=PREFIX_LENGTH, required=False, widget=forms.TextInput(attrs=PLAIN_TEXT),
        help_text=gettext_lazy("Only objects whose keys begin so are read, such as inbound/."),
    )  # fmt: skip
    region = forms.CharField(
        label=gettext_lazy("Region"), max_length=40, initial="us-east-1", widget=forms.TextInput(attrs=PLAIN_TEXT),
        help_text=gettext_lazy("As the storage calls it. Where it knows no regions, us-east-1 is right."),
    )  # fmt: skip
    access_key = forms.CharField(
        label=gettext_lazy("Access key ID"), max_length=200, widget=forms.TextInput(attrs=PLAIN_TEXT)
    )
    password = secret_field(gettext_lazy("Secret access key"))
    endpoint_url = forms.CharField(
        label=gettext_lazy("Endpoint"), max_length=250, required=False, widget=forms.URLInput(attrs=PLAIN_TEXT),
        help_text=gettext_lazy("Such as https://s3.example.com. Leave it empty for Amazon."),
    )  # fmt: skip
    is_path_style = forms.BooleanField(
        label=gettext_lazy("The bucket stands in the path, not in the host name"), required=False,
        help_text=gettext_lazy("For most storages that are not Amazon's."),
    )  # fmt: skip
    ca_certificate = CertificateField()

    def clean_endpoint_url(self) -> str:
        url: str = self.cleaned_data["endpoint_url"]
        if url:
            try:
                parts = urlsplit(url)
                is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username
                _port = parts.port
            except ValueError:
                is_address = False
            if not is_address:
                raise forms.ValidationError(_("Give an address that begins with https:// or http://."))
        return url.rstrip("/")

    def refusal_of_target(self, target: str, data: dict[str, Any]) -> str:
        if f"{data.get('prefix', '')}".startswith(f"{target.rstrip('/')}/"):
            return _("What is read lies below this prefix. Name another one.")
        return ""

    def enter_again(self) -> str:
        return _("Enter the secret access key again: endpoint, region, certificate or access key ID changed, and the "
                 "stored one is not used elsewhere than before.")  # fmt: skip
