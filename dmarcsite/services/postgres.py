"""The embedded PostgreSQL: started on a Unix socket, reachable from nowhere else, with our database in it."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import psycopg
from psycopg import sql

from dmarcsite.services.account import Account, open_the_way
from dmarcsite.services.data_folder import (
    ensure_data_folder,
    forget_a_stale_lock,
    last_words,
    postgres_program,
    way_out,
)
from dmarcsite.services.errors import CannotStart
from dmarcsite.services.logfile import fresh_log
from dmarcsite.services.places import DATABASE, DATABASE_USER, Places
from dmarcsite.services.tether import Child

START_SECONDS = 120  # after a hard stop PostgreSQL first replays its log
POLL_SECONDS = 0.05
# The defaults are those of a machine with spinning disks that many share. Sums of a month have 75,000 groups, which do not
# fit into the default memory of a sort; docs/scaling.md names the same settings for a server of one's own.
SETTINGS = ["-c", "work_mem=16MB", "-c", "random_page_cost=1.1", "-c", "jit=off"]
# Tests throw their data away: no reason to wait for the disk.
WITHOUT_SAFETY = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


def start(places: Places, *, account: Account, lock: int, durable: bool = True) -> Child:
    """Start PostgreSQL, wait until it answers, and make sure that our database exists. Raises CannotStart.

    `lock` is a descriptor that it keeps open to its end. `durable` False gives up safety against a power cut; for tests.
    """
    program = postgres_program("postgres")
    opened = [*open_the_way(places.postgres, account=account), *open_the_way(program, account=account)]
    if opened:
        folders = ", ".join(str(folder) for folder in opened)
        print(f"PostgreSQL runs as another account than root, which may now pass through {folders} (o+x).")  # noqa: T201
    ensure_data_folder(places, account=account)
    forget_a_stale_lock(places.postgres)
    log = places.logs / "postgres.log"
    options: list[str | Path] = ["-D", places.postgres, "-k", places.sockets, "-c", "listen_addresses="]
    with fresh_log(log) as output:
        child = Child(
            "PostgreSQL",
            [program, *options, *SETTINGS, *([] if durable else WITHOUT_SAFETY)],
            stop_signal=signal.SIGINT,  # "fast shutdown": ends the sessions, then writes everything down
            patience=60,
            account=account,
            cwd=places.postgres,
            output=output,
            keep=[lock],
        )
    try:
        _wait_until_it_answers(child, places=places, log=log)
        _ensure_database(places)
    except BaseException:
        child.stop()
        raise
    return child


def _wait_until_it_answers(child: Child, *, places: Places, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.ended() is not None:
            data = places.postgres
            raise CannotStart(f"PostgreSQL cannot start from {data}: {last_words(log)} Otherwise {way_out(data)}.")
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
