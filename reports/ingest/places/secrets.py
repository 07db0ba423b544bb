"""The secret of a mailbox (a password, a key, a token) as its row keeps it."""

from __future__ import annotations

from reports.errors import MailboxMisconfigured
from reports.models import Mailbox
from reports.sealing import Purpose, SealBroken, seal, unseal
from reports.vocabulary import MailboxFault


def sealed_secret(secret: str) -> bytes:
    """A secret as a Mailbox row keeps it; kinds without one keep ""."""
    return seal(secret.encode(), purpose=Purpose.MAILBOX_LOGIN)


def secret_of(mailbox: Mailbox) -> str:
    """The secret in plain. Raises MailboxMisconfigured where it cannot be opened any more."""
    try:
        return unseal(mailbox.secret, purpose=Purpose.MAILBOX_LOGIN).decode()
    except SealBroken:
        raise MailboxMisconfigured(MailboxFault.SECRET_UNREADABLE) from None
