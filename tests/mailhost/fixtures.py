"""Owns the pytest fixtures over the mail servers; each is started once per session and only when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mailhost.dovecot import Dovecot
from tests.mailhost.host import MailHost, short_directory
from tests.mailhost.programs import program, require_root


@pytest.fixture(scope="session")
def mail_host() -> Iterator[MailHost]:
    """One Postfix + Rspamd host with our plugin; tests write its policy and must not rely on an earlier one."""
    require_root()
    for name in ("master", "rspamd", "unbound"):
        program(name)
    with MailHost.running() as host:
        yield host


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
