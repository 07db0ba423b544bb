"""The way to an IMAP folder, step by step, through the gate: for visits, and for people who test a connection."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from socket import socket
from typing import TYPE_CHECKING

from django.conf import settings
from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest import gate
from reports.ingest.account import Account
from reports.ingest.folder import BATCH_BYTES, Folder, detail, speaking
from reports.models import Mailbox
from reports.vocabulary import MailboxFault, MailboxStep

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

TIMEOUT_SECONDS = 30.0
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# RFC 5530: these refusals of a login say nothing about the password.
_PASSING_REFUSALS = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a connection: `code` is "" where it went well, else a MailboxFault with its `params`."""

    name: MailboxStep
    detail: str = ""
    code: str = ""
    params: tuple[tuple[str, str], ...] = ()

    @property
    def is_ok(self) -> bool:
        return not self.code


@contextmanager
def open_folder(account: Account, *, is_read_only: bool = False) -> Iterator[Folder]:
    """Connect, log in and select. Raises MailboxError, or MailboxMisconfigured where only a change of settings helps."""
    with ExitStack() as stack:
        way = _Way(account, stack, is_read_only=is_read_only)
        for _ in way.steps():
            pass
        yield way.folder


def test_connection(account: Account) -> Iterator[Step]:
    """Try the way to the folder and yield each step as soon as it is known; the first that fails is the last one."""
    names = iter(MailboxStep)
    with ExitStack() as stack:
        try:
            for step in _Way(account, stack, is_read_only=True).steps():
                next(names)
                yield step
        except MailboxError as error:
            yield Step(next(names), code=error.code, params=error.params)


class _Way:
    """Walks the steps; what it opens is left on the stack."""

    folder: Folder

    def __init__(self, account: Account, stack: ExitStack, *, is_read_only: bool) -> None:
        self._account = account
        self._stack = stack
        self._is_read_only = is_read_only

    def steps(self) -> Iterator[Step]:
        account = self._account
        addresses = gate.resolve(account.host, port=account.port)
        yield Step(MailboxStep.RESOLVE, ", ".join(map(str, addresses)))
        plain = self._stack.enter_context(gate.connect(addresses, port=account.port, timeout=TIMEOUT_SECONDS))
        yield Step(MailboxStep.CONNECT, f"{plain.getpeername()[0]} {account.port}")
        client = self._secured(plain)
        yield Step(MailboxStep.TLS, "" if account.tls == Mailbox.Tls.NONE else str(client.socket().version()))
        self._log_in(client)
        yield Step(MailboxStep.LOGIN, account.username)
        self.folder = self._select(client)
        yield Step(MailboxStep.FOLDER, account.folder)
        yield Step(MailboxStep.COUNT, str(self.folder.count))

    def _secured(self, plain: socket) -> IMAPClient:
        account = self._account
        with speaking():
            if account.tls == Mailbox.Tls.IMPLICIT:
                return self._client(account.trust().wrap_socket(plain, server_hostname=account.host))
            client = self._client(plain)
            if account.tls == Mailbox.Tls.STARTTLS:
                try:
                    client.starttls(account.trust())
                except CapabilityError:
                    raise MailboxMisconfigured(MailboxFault.STARTTLS_MISSING) from None
            return client

    def _client(self, connected: socket) -> IMAPClient:
        try:
            client = _Client(self._account.host, port=self._account.port, connected=connected)
        except imaplib.IMAP4.abort:
            raise
        except IMAPClientError as error:
            raise MailboxError(MailboxFault.NOT_IMAP, detail(error)) from None
        self._stack.callback(_leave, client)
        return client

    def _log_in(self, client: IMAPClient) -> None:
        account = self._account
        # imaplib sends the name as it is, and a line break even within quotes begins another command.
        if _CONTROL.search(account.username + account.password):
            raise MailboxMisconfigured(MailboxFault.LOGIN_REFUSED, (("error", "control characters"),))
        try:
            with speaking():
                # LOGIN has no way to carry a password beyond ASCII (RFC 9051 section 6.2.3).
                log_in = client.plain_login if client.has_capability("AUTH=PLAIN") else client.login
                try:
                    log_in(account.username, account.password)
                except LoginError as error:
                    kind = MailboxError if str(error).startswith(_PASSING_REFUSALS) else MailboxMisconfigured
                    raise kind(MailboxFault.LOGIN_REFUSED, detail(error)) from None
        except UnicodeError:
            raise MailboxMisconfigured(MailboxFault.LOGIN_REFUSED, (("error", "ASCII"),)) from None

    def _select(self, client: IMAPClient) -> Folder:
        params = (("folder", self._account.folder),)
        try:
            with speaking():
                return Folder(client, client.select_folder(self._account.folder, readonly=self._is_read_only))
        except MailboxError as error:
            if error.code == MailboxFault.SERVER_REFUSED:
                raise MailboxMisconfigured(MailboxFault.FOLDER_MISSING, (*params, *error.params)) from None
            raise


class _Client(IMAPClient):  # type: ignore[misc]  # imapclient carries no types
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


def _leave(client: IMAPClient) -> None:
    with suppress(IMAPClientError, OSError):
        client.logout()
