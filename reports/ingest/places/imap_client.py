"""imapclient on a socket that the gate has connected, with bounded answers. Knows no account and no folder."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from typing import TYPE_CHECKING

from django.conf import settings
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest.places.place import BATCH_BYTES, detail
from reports.vocabulary import MailboxFault

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

TIMEOUT_SECONDS = 30.0


@contextmanager
def speaking() -> Iterator[None]:
    """What can go wrong in a dialogue, as MailboxError."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise MailboxMisconfigured(MailboxFault.CERTIFICATE_UNTRUSTED, (("error", error.verify_message),)) from None
    except ssl.SSLError as error:
        raise MailboxError(MailboxFault.TLS_FAILED, detail(error)) from None
    except (imaplib.IMAP4.abort, OSError) as error:
        raise MailboxError(MailboxFault.CONNECTION_LOST, detail(error)) from None
    except IMAPClientError as error:
        raise MailboxError(MailboxFault.SERVER_REFUSED, detail(error)) from None


class ConnectedClient(IMAPClient):  # type: ignore[misc]  # imapclient carries no types
    """An IMAPClient on a socket that the gate has connected, and that may have TLS already."""

    def __init__(self, host: str, *, port: int, connected: socket) -> None:
        self._connected = connected
        super().__init__(host, port=port, ssl=False, timeout=TIMEOUT_SECONDS)

    def _create_IMAP4(self) -> imaplib.IMAP4:
        return _Imap(self.host, self.port, connected=self._connected)


class _Imap(imaplib.IMAP4):
    """imaplib verifies a certificate against `host`, so that is kept, while the socket is the one given.

    What answers one command is bounded: the server says how large a literal is, whatever sizes it told before.
    """

    def __init__(self, host: str, port: int, *, connected: socket) -> None:
        self._connected = connected
        self._bytes_left = self._most_bytes = settings.UPLOAD_LIMIT_BYTES + BATCH_BYTES
        super().__init__(host, port, timeout=TIMEOUT_SECONDS)

    def _create_socket(self, timeout: float | None) -> socket:
        return self._connected

    def send(self, data: ReadableBuffer) -> None:
        self._bytes_left = self._most_bytes
        super().send(data)

    def read(self, size: int) -> bytes:
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        line = super().readline()
        self._spend(len(line))
        return line

    def _spend(self, size: int) -> None:
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise self.abort(f"the server sends more than {self._most_bytes} bytes in answer to one command")
