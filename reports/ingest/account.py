"""How to reach a mailbox, as plain values: what the IMAP speaker needs of a Mailbox row or of a form not yet saved."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from reports.errors import MailboxMisconfigured
from reports.models import Mailbox
from reports.sealing import Purpose, SealBroken, seal, unseal
from reports.vocabulary import MailboxFault


@dataclass(frozen=True, slots=True)
class Account:
    """`tls` is a Mailbox.Tls; `ca_certificate` is PEM, "" for the authorities that the system trusts."""

    host: str
    port: int
    tls: str
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    ca_certificate: str = ""

    def trust(self) -> ssl.SSLContext:
        """The TLS context that verifies the server's name. With a certificate of its own, nothing else is trusted."""
        try:
            return ssl.create_default_context(cadata=self.ca_certificate or None)
        except (ssl.SSLError, ValueError) as error:
            raise MailboxMisconfigured(MailboxFault.CERTIFICATE_UNREADABLE, (("error", str(error)),)) from None


def account_of(mailbox: Mailbox) -> Account:
    """The account of a saved mailbox. Raises MailboxMisconfigured where its secret cannot be opened any more."""
    try:
        password = unseal(mailbox.secret, purpose=Purpose.MAILBOX_LOGIN).decode()
    except SealBroken:
        raise MailboxMisconfigured(MailboxFault.SECRET_UNREADABLE) from None
    return Account(
        mailbox.host, mailbox.port, mailbox.tls, mailbox.username, password, mailbox.folder, mailbox.ca_certificate
    )


def sealed_secret(password: str) -> bytes:
    """A password as a Mailbox row keeps it."""
    return seal(password.encode(), purpose=Purpose.MAILBOX_LOGIN)
