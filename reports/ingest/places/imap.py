"""The way to an IMAP folder, step by step, through the gate."""

from __future__ import annotations

import imaplib
from collections.abc import Callable, Generator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from socket import socket
from typing import ClassVar

from django.utils import timezone
from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest import gate
from reports.ingest.places.imap_account import PASSWORD, ImapAccount, Tls
from reports.ingest.places.imap_client import TIMEOUT_SECONDS, ConnectedClient, speaking
from reports.ingest.places.imap_folder import ImapFolder
from reports.ingest.places.imap_token import CONTROL, PASSING_REFUSALS, log_in_by_token
from reports.ingest.places.place import Step, detail
from reports.ingest.places.secrets import secret_of
from reports.ingest.places.sign_in import access_token, forget_access
from reports.models import Mailbox
from reports.vocabulary import MailboxFault, MailboxStep


def imap_way(mailbox: Mailbox) -> ImapWay:
    """The way to the folder that a mailbox names."""
    if mailbox.settings.get("sign_in", PASSWORD) == PASSWORD:
        return ImapWay(ImapAccount(**mailbox.settings, password=secret_of(mailbox)))
    token = partial(access_token, mailbox, clock=timezone.now)
    return ImapWay(ImapAccount(**mailbox.settings, password=""), token, partial(forget_access, mailbox))


@dataclass(frozen=True, slots=True)
class ImapWay:
    """Resolve, connect, encrypt, log in, select; `reports.ingest.places.place.Way`."""

    account: ImapAccount
    token: Callable[[], str] | None = None
    forget_token: Callable[[], None] | None = None
    step_names: ClassVar[tuple[MailboxStep, ...]] = (
        MailboxStep.RESOLVE,
        MailboxStep.CONNECT,
        MailboxStep.TLS,
        MailboxStep.LOGIN,
        MailboxStep.FOLDER,
        MailboxStep.COUNT,
    )

    def steps(self, stack: ExitStack, *, is_read_only: bool) -> Generator[Step, None, ImapFolder]:
        """See `Way`."""
        account = self.account
        addresses = gate.resolve(account.host, port=account.port)
        yield Step(MailboxStep.RESOLVE, ", ".join(map(str, addresses)))
        plain = stack.enter_context(gate.connect(addresses, port=account.port, timeout=TIMEOUT_SECONDS))
        yield Step(MailboxStep.CONNECT, f"{plain.getpeername()[0]} {account.port}")
        client = self._secured(plain, stack)
        yield Step(MailboxStep.TLS, "" if account.tls == Tls.NONE else str(client.socket().version()))
        self._log_in(client)
        yield Step(MailboxStep.LOGIN, account.username)
        folder = self._select(client, is_read_only=is_read_only)
        yield Step(MailboxStep.FOLDER, account.folder)
        yield Step(MailboxStep.COUNT, str(folder.count))
        return folder

    def _secured(self, plain: socket, stack: ExitStack) -> IMAPClient:
        account = self.account
        with speaking():
            if account.tls == Tls.IMPLICIT:
                return self._client(account.trust().wrap_socket(plain, server_hostname=account.host), stack)
            client = self._client(plain, stack)
            if account.tls == Tls.STARTTLS:
                try:
                    client.starttls(account.trust())
                except CapabilityError:
                    raise MailboxMisconfigured(MailboxFault.STARTTLS_MISSING) from None
            return client

    def _client(self, connected: socket, stack: ExitStack) -> IMAPClient:
        try:
            client = ConnectedClient(self.account.host, port=self.account.port, connected=connected)
        except imaplib.IMAP4.abort:
            raise
        except IMAPClientError as error:
            raise MailboxError(MailboxFault.NOT_IMAP, detail(error)) from None
        stack.callback(_leave, client)
        return client

    def _log_in(self, client: IMAPClient) -> None:
        if self.token is None:
            self._log_in_by_password(client)
            return
        try:
            log_in_by_token(client, self.account.username, self.token())
        except MailboxMisconfigured as error:
            if self.forget_token and error.code == MailboxFault.TOKEN_REFUSED:
                self.forget_token()
            raise

    def _log_in_by_password(self, client: IMAPClient) -> None:
        account = self.account
        # imaplib sends the name as it is, and a line break even within quotes begins another command.
        if CONTROL.search(account.username + account.password):
            raise MailboxMisconfigured(MailboxFault.LOGIN_REFUSED, (("error", "control characters"),))
        try:
            with speaking():
                # LOGIN has no way to carry a password beyond ASCII (RFC 9051 section 6.2.3).
                log_in = client.plain_login if client.has_capability("AUTH=PLAIN") else client.login
                try:
                    log_in(account.username, account.password)
                except LoginError as error:
                    kind = MailboxError if str(error).startswith(PASSING_REFUSALS) else MailboxMisconfigured
                    raise kind(MailboxFault.LOGIN_REFUSED, detail(error)) from None
        except UnicodeError:
            raise MailboxMisconfigured(MailboxFault.LOGIN_REFUSED, (("error", "ASCII"),)) from None

    def _select(self, client: IMAPClient, *, is_read_only: bool) -> ImapFolder:
        name = self.account.folder
        try:
            with speaking():
                return ImapFolder(client, client.select_folder(name, readonly=is_read_only), name=name)
        except MailboxError as error:
            if error.code == MailboxFault.SERVER_REFUSED:
                raise MailboxMisconfigured(MailboxFault.FOLDER_MISSING, (("folder", name), *error.params)) from None
            raise


def _leave(client: IMAPClient) -> None:
    with suppress(IMAPClientError, OSError):
        client.logout()
