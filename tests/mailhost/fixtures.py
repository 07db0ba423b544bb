"""Owns the pytest fixtures over the servers around us; each is started once per session and only when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from tests.mailhost.dovecot import Dovecot
from tests.mailhost.host import MailHost, short_directory
from tests.mailhost.programs import program, require_root


@pytest.fixture(scope="session")
def mail_host() -> Iterator[MailHost]:
    """One Postfix + Rspamd host with our plugin, shared by the session.

    A test sets the policy that it needs with obey(). One that brings its own numbers takes fresh_mail_host, because a
    filter refuses a lower number than it has seen.
    """
    require_root()
    for name in ("master", "rspamd", "unbound"):
        program(name)
    with MailHost.running() as host:
        yield host


@pytest.fixture
def fresh_mail_host(mail_host: MailHost) -> MailHost:
    """The same host as if it had never had a policy; costs a restart of Rspamd."""
    mail_host.reset()
    return mail_host


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One IMAP server; tests make their own users."""
    require_root()
    program("dovecot")
    with short_directory() as directory:
        server = Dovecot(directory)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of moto's server, an S3-compatible store."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
