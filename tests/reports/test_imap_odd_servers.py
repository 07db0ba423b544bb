"""IMAP servers as they are met: a Dovecot with old habits, and what no Dovecot does by a scripted server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

import pytest

from reports.ingest.places.imap import ImapWay
from reports.ingest.places.imap_account import ImapAccount, Tls
from reports.ingest.places.imap_folder import ImapFolder
from reports.ingest.places.place import Mark, open_place
from reports.ingest.places.registry import way_to
from reports.ingest.places.secrets import sealed_secret
from reports.ingest.visit import visit
from reports.models import AggregateReport, Mailbox, Message
from reports.vocabulary import MailboxFault
from tests.mailhost.dovecot import Dovecot
from tests.mailhost.host import short_directory
from tests.mailhost.programs import program, require_root
from tests.reports.mailboxes import clock, make_mailbox
from tests.reports.samples import XML, report_mail
from tests.reports.stored import make_organisation, record, report

pytestmark = pytest.mark.django_db(transaction=True)
MAIL = report_mail((XML, "a.xml")).as_bytes()
OTHER = report_mail((report(record(), report_id="r-2"), "b.xml")).as_bytes()
OLD_HABITS = """
imap_capability = IMAP4rev1 NAMESPACE
namespace inbox {
  inbox = yes
  prefix = INBOX.
  separator = .
}
"""


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings: Any) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8"), ip_network("::1/128")]


@pytest.fixture(scope="module")
def old_server() -> Iterator[Dovecot]:
    """Names folders below INBOX and knows neither MOVE, UIDPLUS, IDLE nor LITERAL+."""
    require_root()
    program("dovecot")
    with short_directory() as directory:
        dovecot = Dovecot(directory, more=OLD_HABITS)
        try:
            dovecot.start()
            yield dovecot
        finally:
            dovecot.stop()


def fault_of(mailbox: Mailbox) -> str:
    assert visit(mailbox.pk, clock=clock)
    return Mailbox.objects.get(pk=mailbox.pk).error_code


def test_an_old_server_is_read_flagged_and_told_why_nothing_can_be_moved(old_server: Dovecot) -> None:
    mailbox = make_mailbox(old_server, make_organisation())
    old_server.append(mailbox.settings["username"], MAIL)
    Mailbox.objects.update(handled_action="move", handled_folder="Done")
    assert fault_of(mailbox) == MailboxFault.MOVE_UNSUPPORTED
    assert Message.objects.count() == 0
    Mailbox.objects.update(handled_action="flag", handled_folder="")
    assert fault_of(mailbox) == ""
    ((_, flags),) = old_server.messages(mailbox.settings["username"])
    assert {b"\\Seen", b"$SekimoriRead"} <= flags


@pytest.mark.parametrize("name", ["Отчёты", "レポート & Co", "a~b"])
def test_names_of_folders_hold_any_letters(name: str, dovecot: Dovecot) -> None:
    mailbox = make_mailbox(dovecot, make_organisation(), folder=name, handled_action="move", handled_folder=f"{name} 2")
    user = mailbox.settings["username"]
    with dovecot.connect(user) as client:
        client.create_folder(name)
        client.append(name, MAIL)
    assert fault_of(mailbox) == ""
    assert [content for content, _ in dovecot.messages(user, folder=f"{name} 2")] == [MAIL.replace(b"\n", b"\r\n")]


def test_a_folder_is_made_in_the_namespace_of_the_server(old_server: Dovecot) -> None:
    mailbox = make_mailbox(old_server, make_organisation())
    with open_place(way_to(mailbox)) as place:
        assert isinstance(place, ImapFolder)
        assert [place._made(name) for name in ("Done", "Done", "INBOX.Done", "INBOX")] == ["INBOX.Done"] * 3 + ["INBOX"]
    with old_server.connect(mailbox.settings["username"]) as client:
        assert {name for _, _, name in client.list_folders()} == {"INBOX", "INBOX.Done"}


# --- What no Dovecot does ---------------------------------------------------------------------------------------------


class Script:
    """A server that answers as it is told: `selected` after SELECT, `bodies` by UID (None: NIL). `said` are the commands."""

    def __init__(self, selected: bytes, bodies: dict[int, bytes | None]) -> None:
        self.selected, self.bodies, self.said = selected, bodies, list[bytes]()
        self.port = 0

    @contextmanager
    def running(self) -> Iterator[Script]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
            threading.Thread(target=self._serve, args=(server,), daemon=True).start()
            yield self

    def _serve(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                with suppress(OSError), connection, connection.makefile("rwb") as lines:
                    self._talk(lines)

    def _talk(self, lines: Any) -> None:
        lines.write(b"* OK ready\r\n")
        lines.flush()
        for line in lines:
            tag, command = line.split()[:2]
            self.said.append(line.split(maxsplit=1)[1].strip())
            if command == b"CAPABILITY":
                lines.write(b"* CAPABILITY IMAP4rev1\r\n")
            elif command in (b"SELECT", b"EXAMINE"):
                lines.write(b"* %d EXISTS\r\n%s" % (len(self.bodies), self.selected))
            elif command == b"SEARCH" or line.split()[1:3] == [b"UID", b"SEARCH"]:
                lines.write(b"* SEARCH %s\r\n" % b" ".join(b"%d" % uid for uid in self.bodies))
            elif line.split()[1:3] == [b"UID", b"FETCH"]:
                self._fetch(lines, line)
            lines.write(tag + b" OK done\r\n")
            lines.flush()

    def _fetch(self, lines: Any, line: bytes) -> None:
        wanted = {int(uid) for uid in line.split()[3].split(b",")}
        lines.write(b"* 99 FETCH (FLAGS (\\Seen))\r\n* 7 FETCH (UID 4711 FLAGS ())\r\n")  # of other mails
        for number, (uid, body) in enumerate(self.bodies.items(), 1):
            if uid not in wanted:
                continue
            lines.write(b"* %d FETCH (UID %d " % (number, uid))
            if b"RFC822.SIZE" in line:
                lines.write(b"RFC822.SIZE %d)\r\n" % len(body or b""))
            elif body is None:
                lines.write(b"BODY[] NIL)\r\n")
            else:
                lines.write(b"BODY[] {%d}\r\n%s FLAGS (\\Seen))\r\n" % (len(body), body))  # one that ignores PEEK


def scripted_mailbox(script: Script, **fields: Any) -> Mailbox:
    settings = {"host": "127.0.0.1", "port": script.port, "tls": "none", "username": "reports", "folder": "INBOX"}
    return Mailbox.objects.create(
        organisation=make_organisation(), name=uuid4().hex, settings=settings, secret=sealed_secret("secret"), **fields
    )


@pytest.mark.parametrize(
    "selected", [b"", b"* OK [UIDVALIDITY 0] none\r\n", b"* OK [UIDVALIDITY 5] x\r\n* OK [UIDNOTSTICKY] x\r\n"]
)
def test_where_uids_do_not_last_mails_are_known_by_their_bytes(selected: bytes) -> None:
    with Script(selected, {1: MAIL, 2: OTHER}).running() as script:
        mailbox = scripted_mailbox(script)
        assert fault_of(mailbox) == ""
        script.bodies = {1: OTHER, 2: MAIL}  # numbered anew
        assert fault_of(mailbox) == ""
        script.bodies = {1: report_mail((report(record(), report_id="r-3"), "c.xml")).as_bytes()}
        assert fault_of(mailbox) == ""
    assert Message.objects.count() == 3
    assert list(AggregateReport.objects.order_by("pk").values_list("report_id", "sightings")) == [
        ("r-1", 1), ("r-2", 1), ("r-3", 1),
    ]  # fmt: skip


def test_a_mail_without_a_body_holds_up_no_other_and_is_asked_for_again() -> None:
    with Script(b"* OK [UIDVALIDITY 5] x\r\n", {1: None, 2: MAIL}).running() as script:
        mailbox = scripted_mailbox(script)
        assert fault_of(mailbox) == MailboxFault.ITEM_UNREADABLE
        assert Message.objects.count() == 1
        script.bodies[1] = OTHER
        assert fault_of(mailbox) == ""
    assert AggregateReport.objects.count() == 2


def test_a_server_that_keeps_no_keywords_gets_none() -> None:
    selected = b"* OK [UIDVALIDITY 5] x\r\n* OK [PERMANENTFLAGS (\\Seen \\Flagged)] x\r\n"
    with Script(selected, {1: MAIL}).running() as script:
        way = ImapWay(ImapAccount("127.0.0.1", script.port, Tls.NONE, "reports", "secret"))
        with open_place(way) as place:
            place.acknowledge(["1"], Mark.HANDLED, action=Mailbox.Action.FLAG, target="")
    assert b"UID STORE 1 +FLAGS.SILENT (\\Seen)" in script.said
