"""A server that answers with more than it may is left, whatever sizes it told before."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_network

import pytest
from pytest_django import Settings

from reports.errors import MailboxError
from reports.ingest.places.imap import ImapWay
from reports.ingest.places.imap_account import ImapAccount, Tls
from reports.ingest.places.place import BATCH_BYTES, open_place
from reports.vocabulary import MailboxFault

LIMIT = 1 << 20
CHUNK = 1 << 16
CHUNKS = 2 * (LIMIT + BATCH_BYTES) // CHUNK


@contextmanager
def flooding(begin: bytes, chunk: bytes) -> Iterator[ImapWay]:
    """An IMAP server that answers FETCH with the beginning and CHUNKS chunks."""

    def answer() -> None:
        connection, _ = server.accept()
        with suppress(OSError), connection, connection.makefile("rwb") as lines:
            lines.write(b"* OK ready\r\n")
            lines.flush()
            for line in lines:
                tag, command = line.split()[:2]
                lines.write(b"* CAPABILITY IMAP4rev1\r\n" if command == b"CAPABILITY" else b"")
                lines.write(b"* 1 EXISTS\r\n" if command == b"SELECT" else b"")
                if command == b"UID":
                    lines.write(begin)
                    for _ in range(CHUNKS):
                        lines.write(chunk)
                lines.write(tag + b" OK done\r\n")
                lines.flush()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield ImapWay(ImapAccount("127.0.0.1", server.getsockname()[1], Tls.NONE, "reports", "secret"))
        thread.join(10)


@pytest.mark.parametrize(
    ("begin", "chunk"),
    [
        (b"* 1 FETCH (UID 1 BODY[] {9999999999}\r\n", b"x" * CHUNK),
        (f"* 1 FETCH (UID 1 BODY[] {{{CHUNK * CHUNKS}}}\r\n".encode(), b"x" * CHUNK),
        (b"", b"* 1 FETCH (UID 1 FLAGS (" + b"x" * (CHUNK - 28) + b"))\r\n"),
    ],
    ids=["a huge literal", "a large literal", "many lines"],
)
def test_an_answer_beyond_the_limit_is_not_read(begin: bytes, chunk: bytes, settings: Settings) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.UPLOAD_LIMIT_BYTES = LIMIT
    with flooding(begin, chunk) as way, open_place(way) as folder, pytest.raises(MailboxError) as caught:
        folder.fetch(["1"])
    sentence = f"command: FETCH => the server sends more than {LIMIT + BATCH_BYTES} bytes in answer to one command"
    assert (caught.value.code, caught.value.params) == (MailboxFault.CONNECTION_LOST, (("error", sentence),))
