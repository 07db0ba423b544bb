"""`make up` for real: it comes up, says one sentence when it cannot, and leaves no process behind however it ends."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from dmarcsite.services.places import LONGEST_SOCKET_FOLDER, Places

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(var: Path, *, port: int, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "MAKELEVEL"}}
    return kept | {"PORT": str(port), "SEKIMORI_VAR_DIR": str(var), "DEMO": "0", **more}


def up(var: Path, *, port: int, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["make", "--no-print-directory", "up"],
        cwd=ROOT,
        env=environment(var, port=port, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def what_it_says(var: Path, *, port: int, **more: str) -> tuple[int, list[str]]:
    """Its exit status and its lines, without make's own and without what root reads about passing through folders."""
    with up(var, port=port, **more) as make:
        output = make.communicate(timeout=PATIENCE)[0]
    return make.returncode, [
        line for line in output.splitlines() if not line.startswith(("make:", "PostgreSQL runs as"))
    ]


def processes_of(var: Path) -> dict[int, str]:
    """The number and command line of every process that was started with this folder in its environment."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            inside = f"SEKIMORI_VAR_DIR={var}".encode() in (process / "environ").read_bytes().split(b"\0")
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has just ended
        if inside and command:
            found[int(process.name)] = command
    return found


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def running(var: Path, **more: str) -> Iterator[tuple[subprocess.Popen[str], int, list[str]]]:
    """`make up` once it is ready: the process of make, the port, and what was said until then."""
    port = free_port()
    with up(var, port=port, **more) as make:
        try:
            lines = []
            for line in make.stdout:
                lines.append(line.rstrip("\n"))
                if line.startswith("ready: "):
                    break
            assert lines[-1:] == [f"ready: http://127.0.0.1:{port}"], lines
            yield make, port, lines
        finally:
            with suppress(ProcessLookupError):
                os.killpg(make.pid, signal.SIGTERM)
    wait_until(lambda: processes_of(var) == {})


def status_of(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", path)
    return connection.getresponse().status


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests here: each is also a second start on what the one before left."""
    return tmp_path_factory.mktemp("up") / "var"


def test_a_port_in_use_is_one_sentence(var):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        status, lines = what_it_says(var, port=port)
    assert status == 2
    assert lines == [
        f"sekimori: Port {port} is in use by another program: stop that one, "
        f"or choose another port (PORT={port + 1} make up)."
    ]


def test_a_database_that_cannot_be_reached_is_one_sentence_without_its_password(var):
    port = free_port()
    status, lines = what_it_says(var, port=free_port(), DATABASE_URL=f"postgres://me:secret@127.0.0.1:{port}/sekimori")
    assert status == 2
    assert lines == [
        "sekimori: The database of DATABASE_URL cannot be reached: connection failed: connection to server at "
        f'"127.0.0.1", port {port} failed: Connection refused.'
    ]


def test_another_kind_of_database_is_refused(var):
    status, lines = what_it_says(var, port=free_port(), DATABASE_URL="sqlite:///here.db")
    assert status == 2
    assert lines == [
        "DATABASE_URL must name a PostgreSQL database (postgres://user:password@host/name)."
    ]  # fmt: skip


def test_a_broken_database_folder_is_one_sentence_and_left_as_it_is(tmp_path):
    data = tmp_path / "postgres"
    data.mkdir()
    (data / "keep").write_text("me")
    status, lines = what_it_says(tmp_path, port=free_port())
    assert status == 2
    assert len(lines) == 1
    assert lines[0].startswith(f"sekimori: {data} is damaged (it has no PG_VERSION): put a backup of that folder back")
    assert (data / "keep").read_text() == "me"


def test_it_comes_up_with_the_first_administrator_and_a_signal_to_make_stops_all(var):
    with running(var, SEKIMORI_ADMIN_EMAIL="admin@example.com") as (make, port, lines):
        said = [line for line in lines if "password" in line]
        assert [line.rsplit(" ", 1)[0] for line in said] == ["password (shown this once):"]
        assert status_of(port, "/healthz") == 200
        assert status_of(port, "/") == 302
        assert any("watch_mailboxes" in command for command in processes_of(var).values())
        sockets = Places(var).sockets
        assert sockets.stat().st_mode & 0o777 == 0o700
        make.send_signal(signal.SIGTERM)
        assert make.wait(PATIENCE) != 0  # make's own word for "stopped by a signal"
        assert processes_of(var) == {}


def test_the_second_start_shows_no_password_and_ctrl_c_stops_all(var):
    with running(var, SEKIMORI_ADMIN_EMAIL="admin@example.com") as (make, _, lines):
        assert [line for line in lines if "password" in line] == []
        os.killpg(make.pid, signal.SIGINT)
        make.wait(PATIENCE)
        wait_until(lambda: processes_of(var) == {})


def test_two_runs_on_one_folder_are_refused(var):
    with running(var):
        status, lines = what_it_says(var, port=free_port())
        assert status == 2
        assert len(lines) == 1
        assert lines[0].startswith(f"sekimori: Sekimori already runs from {var} (process ")


def test_a_hard_kill_of_make_leaves_nothing_behind(var):
    with running(var) as (make, _, _):
        make.kill()
        make.wait(PATIENCE)
        wait_until(lambda: processes_of(var) == {})


def test_a_hard_kill_of_all_in_its_group_leaves_nothing_behind_and_the_next_start_just_works(var):
    with running(var) as (make, _, _):
        os.killpg(make.pid, signal.SIGKILL)
        make.wait(PATIENCE)
        with running(var) as (_, port, _):  # at once, while the services of the one before still end
            assert status_of(port, "/healthz") == 200


def test_one_process_that_dies_ends_all_with_a_sentence(var):
    with running(var) as (make, _, _):
        beat = [pid for pid, command in processes_of(var).items() if " beat " in command]
        assert len(beat) == 1
        os.kill(beat[0], signal.SIGKILL)
        last = [line for line in make.stdout.read().splitlines() if line.startswith("sekimori: ")]
        assert last == ["sekimori: beat has ended by itself (status -9), so everything was stopped."]
        assert make.wait(PATIENCE) == 2
        assert processes_of(var) == {}


def test_the_socket_folder_is_short_however_long_the_checkouts_path(tmp_path):
    deep = Places(Path("/" + "x" * 200))
    assert Places(Path("/srv/sekimori/var")).sockets == Path("/srv/sekimori/var/run")
    assert deep.sockets.parent == Path("/tmp")
    assert deep.sockets == Places(Path("/" + "x" * 200)).sockets
    assert deep.sockets != Places(Path("/" + "x" * 201)).sockets
    assert len(bytes(deep.sockets)) <= LONGEST_SOCKET_FOLDER
