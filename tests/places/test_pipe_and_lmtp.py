"""Mail handed over by a mail server, through a pipe or over LMTP: what the mail server is told, and real Postfix doing both."""

from __future__ import annotations

import asyncio
import os
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from reports.ingest import lmtp
from reports.models import Message, Organisation
from tests.mailhost.daemon import Daemon, free_port, listens_at, wait_until
from tests.mailhost.host import short_directory
from tests.mailhost.letters import submit
from tests.mailhost.postfix import Postfix
from tests.mailhost.programs import program, require_root
from tests.reports.samples import XML, report_mail
from tests.reports.stored import make_organisation, record, report

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
GOOD = report_mail((XML, "report.xml")).as_bytes()
HUMAN = b"From: somebody@example.com\r\nTo: dmarc@example.com\r\nSubject: lunch\r\n\r\nAt noon?\r\n"
NOWHERE = "postgresql://nobody@/none?host=/nonexistent"


@pytest.fixture
def ours() -> Organisation:
    return make_organisation("ours")


@pytest.fixture
def environ() -> dict[str, str]:
    """The environment of a process that uses this test's database."""
    database = settings.DATABASES["default"]
    name = connection.settings_dict["NAME"]
    url = f"postgresql://{database['USER']}@/{name}?host={database['HOST']}"
    return {**os.environ, "DATABASE_URL": url if str(database["HOST"]).startswith("/") else os.environ["DATABASE_URL"]}


def pipe(content: bytes, *arguments: str, environ: dict[str, str], **more: str) -> int:
    """The exit code of the command."""
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "ingest_mail", *arguments],
        input=content, env=environ | more, capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode


def outcomes() -> list[tuple[str, str | None]]:
    return list(Message.objects.order_by("pk").values_list("channel", "outcome"))


# --- The pipe ---------------------------------------------------------------------------------------------------------


def test_what_is_no_fault_of_the_mail_lets_the_mail_server_try_again(
    ours: Organisation, environ: dict[str, str]
) -> None:
    assert pipe(GOOD, environ=environ, DATABASE_URL=NOWHERE) == os.EX_TEMPFAIL
    assert pipe(GOOD, "--organisation", "nobodys", environ=environ) == os.EX_TEMPFAIL
    assert pipe(GOOD, environ=environ, SEKIMORI_BASE_URL="http://dmarc.example.com") == os.EX_TEMPFAIL
    assert pipe(GOOD, "--what", environ=environ) == os.EX_USAGE
    assert pipe(b"x" * ((1 << 20) + 1), environ=environ, SEKIMORI_UPLOAD_LIMIT_MIB="1") == os.EX_DATAERR
    assert outcomes() == []


def test_a_mail_is_kept_whatever_it_holds(ours: Organisation, environ: dict[str, str]) -> None:
    assert [pipe(mail, "--organisation", "ours", environ=environ) for mail in (GOOD, HUMAN, GOOD, b"")] == [
        os.EX_OK
    ] * 4
    assert outcomes() == [("pipe", "stored"), ("pipe", "not_a_report"), ("pipe", "duplicate"), ("pipe", "refused")]


# --- LMTP, in this process --------------------------------------------------------------------------------------------


@contextmanager
def served(take: lmtp.TakeMail, *, limit: int = 1 << 20) -> Iterator[Path]:
    """An LMTP server at a socket."""
    with short_directory() as directory:
        path, started, loop, stop = directory / "lmtp", threading.Event(), asyncio.new_event_loop(), asyncio.Event()
        serving = lmtp.serve(take, path=path, address=None, limit=limit, ready=started.set, stop=stop)
        thread = threading.Thread(target=loop.run_until_complete, args=(serving,))
        thread.start()
        assert started.wait(10)
        try:
            yield path
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()


def handed(path: Path, *mails: bytes, recipients: tuple[str, ...] = ("dmarc@example.com",)) -> list[bytes]:
    """Every reply to the ends of the mails, one for each recipient."""
    replies = []
    with smtplib.LMTP(str(path)) as client:
        assert client.sock
        client.sock.settimeout(10)
        client.ehlo("mx.example.com")
        for mail in mails:
            client.mail("sender@example.net")
            for recipient in recipients:
                assert client.rcpt(recipient)[0] == 250
            replies.append(b"%d %s" % client.data(mail))
            replies += [b"%d %s" % client.getreply() for _ in recipients[1:]]
    return replies


def test_while_the_database_is_away_the_mail_server_keeps_the_mail() -> None:
    def away(_content: bytes) -> None:
        raise OperationalError("the database is away")

    with served(away) as path:
        assert handed(path, GOOD) == [b"451 4.3.0 try again later"]


def test_each_recipient_is_answered_and_the_bytes_are_those_that_were_sent() -> None:
    taken: list[bytes] = []
    long_line = b"From: a@example.com\r\n\r\n.begins with a dot\r\n" + b"x" * 50_000 + b"\r\n"
    with served(taken.append) as path:
        replies = handed(path, HUMAN, long_line, recipients=("a@example.com", "b@example.com"))
    assert replies == [b"250 2.0.0 kept"] * 4
    assert taken == [HUMAN, long_line]


def test_a_mail_beyond_the_limit_is_refused_to_every_recipient() -> None:
    taken: list[bytes] = []
    with served(taken.append, limit=1000) as path:
        replies = handed(
            path, b"x: y\r\n\r\n" + b"z" * 2000 + b"\r\n", HUMAN, recipients=("a@example.com", "b@example.com")
        )
    assert [reply[:3] for reply in replies] == [b"552", b"552", b"250", b"250"]
    assert taken == [HUMAN]


def test_a_connection_too_many_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmtp, "CONNECTIONS", 1)
    with (
        served(lambda _: None) as path,
        socket.socket(socket.AF_UNIX) as first,
        socket.socket(socket.AF_UNIX) as second,
    ):
        first.connect(str(path))
        assert first.recv(100).startswith(b"220 ")
        second.connect(str(path))
        assert second.recv(100) == b"421 4.3.2 too many connections\r\n"
        assert second.recv(100) == b""
        first.close()
        wait_until(lambda: handed(path, HUMAN) if _greets(path) else None, seconds=10, what="room")


@contextmanager
def spoken_to(path: Path, begun: Sequence[bytes] | None = None) -> Iterator[Callable[[bytes], bytes]]:
    """A client that sends what it is given and answers with the next line it is told; the greetings are over, and the
    beginning of a mail is sent.
    """
    with socket.socket(socket.AF_UNIX) as client, client.makefile("rb") as replies:
        client.settimeout(20)
        client.connect(str(path))

        def say(sent: bytes) -> bytes:
            client.sendall(sent)
            return replies.readline()

        say(b"LHLO mx.example.com\r\n")
        while say(b"")[3:4] == b"-":
            pass
        if begun is not None:
            assert [say(TO_US)[:3], say(b"")[:3], say(b"")[:3]] == [b"250", b"250", b"354"]
            for part in begun:
                client.sendall(part)
        yield say


TO_US = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"


def told(path: Path, *content: bytes) -> bytes:
    """The reply to a mail, sent in parts as it is, its end included."""
    with spoken_to(path, content[:-1]) as say:
        return say(content[-1])


@pytest.mark.parametrize("line", [b"x" * (1 << 16), b"\r\n" * (1 << 15)], ids=["a line without end", "empty lines"])
def test_a_mail_takes_no_more_memory_than_its_bytes_however_its_lines_are(line: bytes) -> None:
    taken: list[int] = []
    with served(lambda content: taken.append(len(content)), limit=2 << 20) as path:
        tracemalloc.start()
        try:
            replies = [told(path, *[line] * count, b"\r\n.\r\n")[:3] for count in (16, 256)]
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert replies == [b"250", b"552"]
    assert taken == [(1 << 20) + 2]
    assert peak < 8 << 20


@pytest.mark.parametrize(
    ("sent", "content"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\n.\n\r\n.\r\n", b"a\n.\n\r\n"),
        (b"a\r.\rMAIL\n.\r\n\r\n.\r\n", b"a\r.\rMAIL\n.\r\n\r\n"),
        (b"a\r\n.\nRSET\r\n.\r\n", b"a\r\n\nRSET\r\n"),
        (b"..\r\n...\r\n.a\0\xff\r\n.\r\n", b".\r\n..\r\na\0\xff\r\n"),
    ],
)
def test_only_a_dot_between_two_proper_line_ends_ends_a_mail(sent: bytes, content: bytes) -> None:
    taken: list[bytes] = []
    with served(taken.append) as path:
        assert told(path, sent) == b"250 2.0.0 kept\r\n"
    assert taken == [content]


@pytest.mark.parametrize("shift", range(-6, 3))
def test_the_end_of_a_mail_is_seen_wherever_the_pieces_end(shift: int) -> None:
    mail = b"x" * (lmtp.PIECE_BYTES + shift) + b"\r\n"
    taken: list[bytes] = []
    with served(taken.append) as path:
        assert told(path, mail + b".\r\n") == b"250 2.0.0 kept\r\n"
    assert taken == [mail]


def test_commands_may_follow_each_other_without_waiting_and_recipients_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lmtp, "RECIPIENTS", 2)
    taken: list[bytes] = []
    three = b"MAIL FROM:<>\r\n" + b"RCPT TO:<b@example.com>\r\n" * 3 + b"DATA\r\n"
    with served(taken.append) as path, spoken_to(path) as say:
        assert [say(three)[:9], *(say(b"")[:9] for _ in range(4))] == [
            b"250 OK\r\n", b"250 2.1.5", b"250 2.1.5", b"452 4.5.3", b"354 End d",
        ]  # fmt: skip
        replies = [say(b"one\r\n.\r\n" + TO_US), *(say(b"") for _ in range(4))]
        assert [reply[:9] for reply in replies] == [
            b"250 2.0.0",
            b"250 2.0.0",
            b"250 OK\r\n",
            b"250 2.1.5",
            b"354 End d",
        ]
        assert say(b"two\r\n.\r\n")[:9] == b"250 2.0.0"
    assert taken == [b"one\r\n", b"two\r\n"]


def test_a_fault_of_ours_within_a_command_sends_no_mail_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(_conversation: lmtp.Conversation, _argument: str) -> None:
        raise ValueError("nobody's business")

    monkeypatch.setattr(lmtp.Conversation, "smtp_MAIL", fails)
    with served(lambda _: None) as path, spoken_to(path) as say:
        assert say(b"MAIL FROM:<a@example.com>\r\n") == b"451 4.3.0 try again later\r\n"


def test_a_connection_is_ended_after_its_time_whatever_is_said_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lmtp, "LONGEST_SECONDS", 0.2)
    with served(lambda _: None) as path, spoken_to(path) as say:
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while say(b"NOOP\r\n"):
                pass
            raise ConnectionResetError
        assert _greets(path)


def _greets(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        return client.recv(100).startswith(b"220")


# --- Real Postfix -----------------------------------------------------------------------------------------------------


@contextmanager
def postfix(directory: Path, *, transport: str, services: str = "") -> Iterator[Postfix]:
    """A Postfix that hands every mail to the transport."""
    require_root()
    program("master")
    place = directory / "postfix"
    place.mkdir(mode=0o755)
    server = Postfix(place, transport=transport, services=services)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def mail_to(server: Postfix, *mails: bytes) -> None:
    for mail in mails:
        reply = submit(
            mail, port=server.port, source="192.0.2.129", sender="r@example.net", recipients=["dmarc@example.com"]
        )
        assert reply.code == 250, reply.text


def arrived(count: int) -> Callable[[], bool]:
    return lambda: Message.objects.filter(outcome__isnull=False).count() >= count


def test_postfix_delivers_over_lmtp_and_keeps_mail_while_the_server_is_away(
    ours: Organisation, environ: dict[str, str]
) -> None:
    other = report_mail((report(record(), report_id="r-9"), "other.xml")).as_bytes()
    with short_directory() as directory:
        path = directory / "lmtp"
        command = [sys.executable, ROOT / "manage.py", "serve_lmtp", "--organisation", "ours", "--socket", path]
        server = Daemon(command, log=directory / "lmtp.log", environment=environ)
        with postfix(directory, transport=f"lmtp:unix:{path}") as mta:
            mail_to(mta, GOOD)
            wait_until(lambda: "status=deferred" in mta.log, seconds=20, what="a deferred mail")
            try:
                server.start(lambda: path.exists() and listens_at(path))
                assert path.stat().st_mode & 0o777 == 0o660
                path.chmod(0o666)  # Postfix's account is not in this account's group here
                mail_to(mta, HUMAN, other)
                wait_until(arrived(3), seconds=60, what="three mails")
                os.kill(server.pid, signal.SIGTERM)
                wait_until(lambda: not path.exists(), seconds=20, what="the end of the server")
            finally:
                server.stop()
    assert sorted(outcomes(), key=str) == [("lmtp", "not_a_report"), ("lmtp", "stored"), ("lmtp", "stored")]


_HAND_ON = """\
import socket, sys
with socket.create_connection(("127.0.0.1", {port})) as server:
    server.sendall(sys.stdin.buffer.read())
    server.shutdown(socket.SHUT_WR)
    sys.exit(int(server.recv(10)))
"""


@contextmanager
def as_this_account(run: Callable[[bytes], int]) -> Iterator[str]:
    """A program that the account of Postfix's pipe may run, and that stands for `run`: it may not enter this checkout."""
    with socket.create_server(("127.0.0.1", free_port())) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client, client.makefile("rb") as content:
                    client.sendall(b"%d" % run(content.read()))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield _HAND_ON.format(port=server.getsockname()[1])
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_postfix_pipes_mail_in_and_keeps_it_while_the_database_is_away(
    ours: Organisation, environ: dict[str, str]
) -> None:
    ends: list[int] = []

    def run(content: bytes) -> int:
        away = {"DATABASE_URL": NOWHERE} if not ends else {}
        ends.append(pipe(content, "--organisation", "ours", environ=environ, **away))
        return ends[-1]

    with short_directory() as directory, as_this_account(run) as script:
        file = directory / "hand_on.py"
        file.write_text(script)
        file.chmod(0o644)
        services = f"sekimori unix - n n - 1 pipe\n  flags=q user=nobody argv=/usr/bin/python3 {file}\n"
        with postfix(directory, transport="sekimori:", services=services) as mta:
            mail_to(mta, GOOD)
            wait_until(arrived(1), seconds=60, what="a mail")
            assert "status=deferred" in mta.log
            wait_until(lambda: "status=sent" in mta.log, seconds=10, what="a delivered mail")
    assert ends == [os.EX_TEMPFAIL, os.EX_OK]
    assert outcomes() == [("pipe", "stored")]
