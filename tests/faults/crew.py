"""Owns the worker processes: each a fork of a prepared one, so that it starts in milliseconds and can be killed for real.

Import it after `django.setup` could succeed: the environment names the lane's servers.
"""

from __future__ import annotations

import asyncio
import hashlib
import imaplib
import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

import django

django.setup()

from celery.beat import Scheduler  # noqa: E402  (Django first)
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from dmarcsite.celery import app  # noqa: E402
from dmarcsite.raw_store import raw_store_from  # noqa: E402
from reports import jobs, tasks  # noqa: E402
from reports.ingest import ledger, lmtp, pipeline, sender_checks  # noqa: E402
from reports.ingest import visit as visiting  # noqa: E402
from reports.ingest.raw import opening  # noqa: E402
from reports.ingest.raw.bucket import Bucket  # noqa: E402
from reports.models import Organisation  # noqa: E402
from reports.reread import run as rereading  # noqa: E402
from reports.retention.run import apply_retention  # noqa: E402
from reports.vocabulary import Channel, JobKind  # noqa: E402
from tests.reports.stored import NOW  # noqa: E402

NOT_VISITED = 3
REST_SECONDS = 0.3
BUCKET_ATTEMPTS = 2
FETCHED_TOGETHER = 7
"""So that a visit to twenty mails has several batches, and a fault can fall between them."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a worker does besides its work. Checkpoints and acts are counted from 0.

    `dies_at`: SIGKILL at that checkpoint. `dies_before`: SIGKILL before that act (`count_acts`). `holds_at`: says so and
    waits there. `rests_before`: that act begins REST_SECONDS late. `jumps`: from which call on the clock is off by so much.
    `poison` is the SHA-256 of a mail that kills whoever reads it.
    `store` is SEKIMORI_RAW_STORE, `patience` how many seconds a bucket may take, `number` which one of several workers it is.
    """

    dies_at: int | None = None
    dies_before: int | None = None
    holds_at: int | None = None
    rests_before: int | None = None
    jumps: tuple[tuple[int, timedelta], ...] = ()
    poison: bytes = b""
    at: datetime = NOW
    store: str = ""
    patience: float = 30.0
    number: int = 0


def visit(mailbox_id: int, script: Script, line: Connection) -> None:
    """Visit once, as the task does; the names of all checkpoints and the acts go over the line at the end."""
    _prepare()
    use_store(script.store, patience=script.patience)
    if script.poison:
        pipeline.read = partial(_read_poison, pipeline.read, script.poison)
    acts = count_acts(script)
    seen: list[str] = []

    def checkpoint(step: str) -> None:
        number = len(seen)
        seen.append(step)
        if number == script.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == script.holds_at:
            line.send(step)
            line.recv()

    is_visited = visiting.visit(mailbox_id, clock=_clock(script), checkpoint=checkpoint)
    line.send((seen, acts()))
    sys.exit(0 if is_visited else NOT_VISITED)


def _read_poison(read: Callable[..., Any], digest: bytes, data: bytes, **more: Any) -> Any:
    if hashlib.sha256(data).digest() == digest:
        os.kill(os.getpid(), signal.SIGKILL)
    return read(data, **more)


def claim_due(script: Script, line: Connection) -> None:
    """Look for mailboxes that are due, as a beat has it done; says which it was given."""
    count_acts(script)
    line.send(visiting.claim_due(at=script.at))


def finish_interrupted() -> None:
    """The job that reads what others left: at the lane's time all unread mail is long overdue."""
    _prepare()
    tasks.finish_interrupted()


def retention(database: str, script: Script, line: Connection) -> None:
    """Let go what is over; the acts go over the line at the end, here and below."""
    work_in(database, script, line, lambda: apply_retention(at=script.at))


def reread(database: str, _name: str, script: Script, line: Connection) -> None:
    """Carry the re-read on that is asked for, a few messages at a time."""
    rereading.TOGETHER = FETCHED_TOGETHER
    work_in(database, script, line, lambda: _carry_rereads_on(script.at))


def check_senders(database: str, records: tuple[tuple[str, bytes], ...], script: Script, line: Connection) -> None:
    """Find out who sent what; `records` are what the name server would say."""
    work_in(database, script, line, lambda: _check_senders(records, at=script.at))


def read_backlog(database: str, records: tuple[tuple[str, bytes], ...], script: Script, line: Connection) -> None:
    """Read what others left unread, as the job for it does, and find out who sent it."""

    def finish() -> None:
        for _ in pipeline.finish_unread(ledger.left_unread(at=script.at), at=script.at):
            pass
        _check_senders(records, at=script.at)

    work_in(database, script, line, finish)


def use_database(name: str) -> None:
    """Lead this process to another database of the lane's PostgreSQL."""
    connection.close()
    connection.settings_dict["NAME"] = name


def use_store(text: str, *, patience: float = 30.0) -> None:
    """Have this process keep the bytes of mails where SEKIMORI_RAW_STORE would say; by default in the database."""
    settings.RAW_INTO_BUCKET, settings.RAW_BUCKET = raw_store_from(text)
    opening._opened.cache_clear()
    opening._class = lambda: partial(Bucket, read=patience, attempts=BUCKET_ATTEMPTS)  # type: ignore[assignment,return-value]


def serve_lmtp(path: str, organisation_id: int, script: Script, line: Connection) -> None:
    """An LMTP server that reads what it takes, as `manage.py serve_lmtp` does; says when it listens."""
    organisation = Organisation.objects.get(pk=organisation_id)
    steps = itertools.count()

    def checkpoint(_step: str) -> None:
        if next(steps) == script.dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def take(content: bytes) -> object:
        arrival = ledger.Arrival(content, Channel.LMTP, script.at)
        return pipeline.ingest([arrival], organisation=organisation, at=script.at, checkpoint=checkpoint)

    def ready() -> None:
        line.send("ready")

    asyncio.run(lmtp.serve(take, path=Path(path), address=None, limit=1 << 24, ready=ready, stop=asyncio.Event()))


def celery_worker(*pool: str) -> None:
    """A real worker on the lane's Valkey; by default it does one task at a time in this process, which is what gets killed."""
    _prepare()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # its banner is no line of ours
    quiet = ["--loglevel=WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    app.worker_main(["worker", *(pool or ("--pool=solo",)), *quiet])


def celery_beat() -> None:
    """A real beat with the product's tasks for mail, hundreds of times as fast."""
    _prepare()
    app.conf.beat_schedule = {
        name: entry | {"schedule": 0.5, "options": {"expires": 5.0}}
        for name, entry in app.conf.beat_schedule.items()
        if entry["task"] in (tasks.dispatch_due_mailboxes.name, tasks.finish_interrupted.name)
    }
    app.Beat(scheduler_cls=Scheduler, max_interval=0.1, loglevel="WARNING", pidfile=None, quiet=True).run()


def rival(first: list[str], then: list[str], line: Connection) -> None:
    """A second session: takes `first`, says so, waits until somebody waits for it, asks for `then`, and lets go of all."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            for statement in first:
                cursor.execute(statement)
            line.send("holding")
            cursor.execute(
                "DO $$ BEGIN FOR n IN 1..400 LOOP EXIT WHEN EXISTS (SELECT FROM pg_stat_activity a "
                "WHERE pg_backend_pid() = ANY(pg_blocking_pids(a.pid))); PERFORM pg_sleep(0.01); "
                "PERFORM pg_stat_clear_snapshot(); END LOOP; END $$"
            )
            for statement in then:
                cursor.execute(statement)
        except django.db.Error as error:  # either of the two may be the one that gives way
            line.send(type(error.__cause__).__name__)
        else:
            line.send("got all")
        cursor.execute("ROLLBACK")


def work_in(database: str, script: Script, line: Connection, work: Callable[[], object]) -> None:
    """Do the work in that database as the script says; the acts go over the line at the end."""
    use_database(database)
    use_store(script.store, patience=script.patience)
    acts = count_acts(script)
    work()
    line.send(acts())


def _check_senders(records: tuple[tuple[str, bytes], ...], *, at: datetime) -> None:
    sender_checks.TOGETHER = FETCHED_TOGETHER
    known, until = dict(records), at + timedelta(minutes=1)
    sender_checks.check_due(clock=lambda: at, until=until, lookup=lambda name: known.get(name.rstrip(".")))


def _carry_rereads_on(at: datetime) -> None:
    for job_id in jobs.unfinished(JobKind.REREAD):
        rereading.run(job_id, clock=lambda: at)


def count_acts(script: Script) -> Callable[[], str]:
    """Count what this process does to the world from here on, one letter for each act: s for a statement to PostgreSQL, d for
    one that changes tables, c for a commit, i for a command to the mail server, f for a file that is moved, o for an object of a bucket.
    SIGKILL, or a rest, before the one that the script names. Returns who knows the letters.
    """
    acts: list[str] = []
    act = partial(_act, acts, threading.Lock(), script)

    def execute(send: Callable[..., Any], sql: str, *more: Any) -> Any:
        act("d" if sql.startswith(("ALTER ", "CREATE ", "DROP ")) else "s")
        return send(sql, *more)

    def counted(function: Callable[..., Any], letter: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            act(letter)
            return function(*arguments, **named)

        return call

    connection.execute_wrappers.append(execute)
    connection._commit = counted(connection._commit, "c")  # type: ignore[attr-defined]
    imaplib.IMAP4._command = counted(imaplib.IMAP4._command, "i")  # type: ignore[attr-defined]
    for name in ("link", "rename", "unlink"):
        setattr(os, name, counted(getattr(os, name), "f"))
    for name in ("put", "get", "delete"):
        setattr(Bucket, name, counted(getattr(Bucket, name), "o"))
    return lambda: "".join(acts)


def _act(acts: list[str], one_by_one: threading.Lock, script: Script, letter: str) -> None:
    with one_by_one:
        if len(acts) == script.dies_before:
            os.kill(os.getpid(), signal.SIGKILL)
        rests = len(acts) == script.rests_before
        acts.append(letter)
    if rests:
        time.sleep(REST_SECONDS)


def place_to_die(acts: str, rng: Random) -> int:
    """An act of those that were counted: any one, one where a worker turns from one kind of act to another, or one right after a
    commit, which are the few where what belongs together can be torn apart.
    """
    turns = [number for number in range(1, len(acts)) if acts[number] != acts[number - 1]]
    committed = [number for number in turns if acts[number - 1] == "c"]
    return rng.choice(rng.choice((range(len(acts)), turns or range(len(acts)), committed or range(len(acts)))))


def _prepare() -> None:
    visiting.FETCHED_TOGETHER = FETCHED_TOGETHER


def _clock(script: Script) -> Callable[[], datetime]:
    calls = itertools.count()
    off = dict(script.jumps)
    now = script.at

    def clock() -> datetime:
        nonlocal now
        now += off.get(next(calls), timedelta())
        return now

    return clock
