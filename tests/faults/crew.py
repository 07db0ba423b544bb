"""Owns the worker processes: each a fork of a prepared one, so that it starts in milliseconds and can be killed for real.

Import it after `django.setup` could succeed: the environment names the lane's servers.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection

import django

django.setup()

from celery.beat import Scheduler  # noqa: E402  (Django first)
from django.db import connection  # noqa: E402

from dmarcsite.celery import app  # noqa: E402
from reports import tasks  # noqa: E402
from reports.ingest import visit as visiting  # noqa: E402
from tests.reports.stored import NOW  # noqa: E402

NOT_VISITED = 3
FETCHED_TOGETHER = 7
"""So that a visit to twenty mails has several batches, and a fault can fall between them."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a worker does besides its work. Checkpoints are counted from 0 through one visit.

    `dies_at`: SIGKILL there. `holds_at`: says so and waits there. `jumps`: from which call on the clock is off by so much.
    """

    dies_at: int | None = None
    holds_at: int | None = None
    jumps: tuple[tuple[int, timedelta], ...] = ()
    at: datetime = NOW


def visit(mailbox_id: int, script: Script, line: Connection) -> None:
    """Visit once, as the task does; the names of all checkpoints go over the line at the end."""
    _prepare()
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
    line.send(seen)
    sys.exit(0 if is_visited else NOT_VISITED)


def finish_interrupted() -> None:
    """The job that reads what others left: at the lane's time all unread mail is long overdue."""
    _prepare()
    tasks.finish_interrupted()


def celery_worker() -> None:
    """A real worker on the lane's Valkey; one task at a time in this process, which is what gets killed."""
    _prepare()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # its banner is no line of ours
    app.worker_main(
        ["worker", "--pool=solo", "--loglevel=WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    )


def celery_beat() -> None:
    """A real beat with the product's tasks for mail, hundreds of times as fast."""
    _prepare()
    app.conf.beat_schedule = {
        name: entry | {"schedule": 0.25, "options": {"expires": 20.0}}
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
