"""Logs in to an IMAP server with an access token: OAUTHBEARER (RFC 7628) where it is offered, else XOAUTH2."""

from __future__ import annotations

import imaplib
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable

from imapclient import IMAPClient

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest.places.imap_client import speaking
from reports.ingest.places.place import DETAIL_LENGTH
from reports.vocabulary import MailboxFault

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
PASSING_REFUSALS = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")
"""RFC 5530: these refusals of a login say nothing about the password."""


def log_in_by_token(client: IMAPClient, username: str, token: str) -> None:
    """Raises MailboxMisconfigured where the server takes no token or not this one, MailboxError for passing refusals."""
    if CONTROL.search(username + token):
        raise MailboxMisconfigured(MailboxFault.TOKEN_REFUSED, (("error", "control characters"),))
    with speaking():
        if client.has_capability("AUTH=OAUTHBEARER"):
            name = username.replace("=", "=3D").replace(",", "=2C")
            _authenticate(client, "OAUTHBEARER", f"n,a={name},\1auth=Bearer {token}\1\1", at_error=b"\1")
        elif client.has_capability("AUTH=XOAUTH2"):
            _authenticate(client, "XOAUTH2", f"user={username}\1auth=Bearer {token}\1\1", at_error=b"")
        else:
            raise MailboxMisconfigured(MailboxFault.TOKEN_REFUSED, (("error", "XOAUTH2"),))


def _authenticate(client: IMAPClient, mechanism: str, first: str, *, at_error: bytes) -> None:
    """A server that refuses says why in a challenge, and ends only after that is answered (RFC 7628 section 3.2.3)."""
    told: list[str] = []
    try:
        client._imap.authenticate(mechanism, _answers(first.encode(), at_error, told))
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        words = str(error)
        kind = MailboxError if any(word in words for word in PASSING_REFUSALS) else MailboxMisconfigured
        said = " ".join([words, *told])[:DETAIL_LENGTH]
        raise kind(MailboxFault.TOKEN_REFUSED, (("error", said),)) from None


def _answers(first: bytes, at_error: bytes, told: list[str]) -> Callable[[bytes], bytes]:
    waiting = [first]

    def answer(challenge: bytes) -> bytes:
        if waiting:
            return waiting.pop()
        told.append(_plain(challenge))
        return at_error

    return answer


def _plain(challenge: bytes) -> str:
    """imaplib has taken the base64 off already; some servers put on two."""
    try:
        return b64decode(challenge, validate=True).decode()
    except (Base64Error, UnicodeError):
        return challenge.decode("utf-8", "replace")
