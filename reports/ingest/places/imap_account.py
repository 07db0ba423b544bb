"""How to reach an IMAP folder, as plain values."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from enum import StrEnum

from reports.errors import MailboxMisconfigured
from reports.vocabulary import MailboxFault

PASSWORD = "login"  # noqa: S105  names a way to sign in


class Tls(StrEnum):
    """When the connection is encrypted."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ImapAccount:
    """`tls` is a Tls; `ca_certificate` is PEM, "" for the authorities that the system trusts.

    `sign_in` is PASSWORD or a key of reports.ingest.places.providers; then `password` is unused, and a token serves.
    `notify`: a connection is kept open, so that mail is read at once (reports.ingest.watching).
    """

    host: str
    port: int
    tls: str
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    ca_certificate: str = ""
    sign_in: str = PASSWORD
    client_id: str = ""
    tenant: str = ""
    notify: bool = False

    def trust(self) -> ssl.SSLContext:
        """The TLS context that verifies the server's name. With a certificate of its own, nothing else is trusted."""
        try:
            return ssl.create_default_context(cadata=self.ca_certificate or None)
        except (ssl.SSLError, ValueError) as error:
            raise MailboxMisconfigured(MailboxFault.CERTIFICATE_UNREADABLE, (("error", str(error)),)) from None
