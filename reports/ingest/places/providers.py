"""The providers that let people sign in by OAuth 2.0: where to ask and for what. Asks nobody.

Addresses as the vendors' documents name them (docs/mailboxes/microsoft365.md, docs/mailboxes/gmail.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reports.vocabulary import PlaceKind


@dataclass(frozen=True, slots=True)
class Provider:
    """Addresses may hold "{tenant}"; `scopes` by kind of place.

    `device_url` is "" where the provider lets no device read mail: then a browser comes back with a code instead.
    """

    name: str
    authorize_url: str
    device_url: str
    token_url: str
    scopes: Mapping[str, str]
    api_url: str


MICROSOFT = "microsoft365"
GOOGLE = "google"
PROVIDERS: dict[str, Provider] = {
    MICROSOFT: Provider(
        name="Microsoft 365",
        authorize_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
        device_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode",
        token_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",  # noqa: S106 - an address
        scopes={
            PlaceKind.IMAP: "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
            PlaceKind.GRAPH: "https://graph.microsoft.com/Mail.ReadWrite offline_access",
        },
        api_url="https://graph.microsoft.com/v1.0",
    ),
    GOOGLE: Provider(
        name="Google",
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        device_url="",  # Google's device flow gives no scope that reads mail
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
        scopes={
            PlaceKind.IMAP: "https://mail.google.com/",
            PlaceKind.GMAIL: "https://www.googleapis.com/auth/gmail.modify",
        },
        api_url="https://gmail.googleapis.com/gmail/v1",
    ),
}
