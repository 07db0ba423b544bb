"""What stands in the fields of a login stays in the login: no line break makes a command of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network

import pytest
from django.test import override_settings

from reports.ingest.places.imap import ImapWay
from reports.ingest.places.imap_account import ImapAccount, Tls
from reports.ingest.places.place import test_way as steps_to
from reports.vocabulary import MailboxFault, MailboxStep


@contextmanager
def listening() -> Iterator[tuple[int, list[bytes]]]:
    """A server without AUTH=PLAIN that takes every command; the value is its port and what it heard."""
    heard: list[bytes] = []

    def answer() -> None:
        connection, _ = server.accept()
        with connection, connection.makefile("rwb") as lines:
            lines.write(b"* OK ready\r\n")
            lines.flush()
            for line in lines:
                heard.append(line)
                lines.write(b"* CAPABILITY IMAP4rev1\r\n" if b"CAPABILITY" in line else b"")
                lines.write(line.split()[0] + b" OK done\r\n")
                lines.flush()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join(10)


@override_settings(OUTGOING_ALLOWED_NETWORKS=[ip_network("127.0.0.0/8")])
@pytest.mark.parametrize(
    ("username", "password"), [("dan\r\nA9 DELETE INBOX", "secret"), ("dan", "secret\nA9 NOOP"), ("dan\0eve", "secret")]
)
def test_a_line_break_in_name_or_password_is_refused_before_it_is_sent(username: str, password: str) -> None:
    with listening() as (port, heard):
        last = list(steps_to(ImapWay(ImapAccount("127.0.0.1", port, Tls.NONE, username, password))))[-1]
    assert (last.name, last.code) == (MailboxStep.LOGIN, MailboxFault.LOGIN_REFUSED)
    assert not any(b"LOGIN" in line or b"A9" in line for line in heard)
