"""`make up`: everything that the application needs, started in order, watched, and stopped in reverse order."""

from __future__ import annotations

import os
import selectors
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

from django.conf import settings

from dmarcsite.services.answer import HOST, is_healthy
from dmarcsite.services.embedded import embedded_services, sole_user
from dmarcsite.services.errors import CannotStart
from dmarcsite.services.reach import check_database, check_redis, reserved_port
from dmarcsite.services.tether import Child, die_with_parent

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ANSWER_SECONDS = 60
POLL_SECONDS = 0.1
# Celery warns root on every start; docs/install.md says it once.
AS_ROOT_TOO = ("-W", "ignore:You're running the worker with superuser:UserWarning")


class Stopped(BaseException):
    """Somebody asked us to stop. Like KeyboardInterrupt, no handler of errors may swallow it."""


def main() -> int:
    """Run until a signal or until one process ends; the exit status is for the shell."""
    parent = os.getppid()
    for signum in STOP_SIGNALS:
        signal.signal(signum, _stop)
    if "MAKELEVEL" in os.environ:
        die_with_parent(signal.SIGTERM, parent=parent)  # make passes SIGTERM on, but not a kill -9
    try:
        _run()
    except Stopped:
        say("stopped")
        return 0
    except CannotStart as error:
        print(f"sekimori: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1


def say(text: str) -> None:
    """Tell the person at the terminal, at once even when it is a file."""
    print(text, flush=True)  # noqa: T201


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    for each in STOP_SIGNALS:  # from here on we are stopping; a second Ctrl-C must not leave half of it running
        signal.signal(each, signal.SIG_IGN)
    raise Stopped


def _run() -> NoReturn:
    with ExitStack() as stack:
        stack.enter_context(sole_user(settings.VAR_DIR))
        listener = stack.enter_context(reserved_port(settings.PORT))
        if not settings.IS_DATABASE_EMBEDDED:
            check_database(settings.DATABASES["default"])
        if not settings.IS_REDIS_EMBEDDED:
            check_redis(settings.REDIS_URL)
        services = stack.enter_context(
            embedded_services(
                settings.PLACES, with_postgres=settings.IS_DATABASE_EMBEDDED, with_valkey=settings.IS_REDIS_EMBEDDED
            )
        )
        _prepare(services)
        processes = [*services, *_application(stack, listener=listener.fileno())]
        _wait_for_an_answer(processes)
        say(f"ready: http://{HOST}:{settings.PORT}")
        _watch(processes)


def _prepare(services: Sequence[Child]) -> None:
    """Bring the database and the files up to this version, in a process of its own."""
    child = Child("prepare", [sys.executable, settings.BASE_DIR / "manage.py", "prepare"])
    try:
        ended = _first_to_end([child, *services])
    finally:
        child.stop()
    if ended is not child:
        raise _unexpected(ended)
    if child.ended():
        raise CannotStart("The database could not be prepared: the reason stands above.")


def _application(stack: ExitStack, *, listener: int) -> list[Child]:
    celery = [sys.executable, *AS_ROOT_TOO, "-m", "celery", "--app", "dmarcsite", "--quiet"]
    quiet = ["--loglevel", "WARNING"]
    folder = Path(settings.BASE_DIR)
    schedule = settings.VAR_DIR / "beat-schedule"
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:dmarcsite.services.web_server"]
    started = [
        Child("the web server", [*gunicorn, "--bind", f"fd://{listener}"], cwd=folder, keep=[listener]),
        Child("the worker", [*celery, "worker", *quiet, "--concurrency", "2", "--without-gossip"], cwd=folder),
        # It waits for name servers most of the time, and has their whole queue to itself.
        Child(
            "the enrichment worker",
            [
                *celery,
                "worker",
                *quiet,
                "--queues",
                "enrich",
                "--pool",
                "solo",
                "--hostname",
                "enrich@%h",
                "--without-gossip",
            ],
            cwd=folder,
        ),
        # Without a pid file: one left by a hard stop would keep beat from starting.
        Child("beat", [*celery, "beat", *quiet, "--schedule", schedule, "--pidfile", ""], cwd=folder),
        # For mailboxes that are to be read at once; it sleeps where there are none.
        Child("the watcher of mailboxes", [sys.executable, folder / "manage.py", "watch_mailboxes"], cwd=folder),
    ]
    stack.callback(_stop_together, started)
    return started


def _stop_together(children: Sequence[Child]) -> None:
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop()


def _wait_for_an_answer(processes: Sequence[Child]) -> None:
    """Return once /healthz says that the web server reaches its database. Raises CannotStart."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        for child in processes:
            if child.ended() is not None:
                raise _unexpected(child)
        if is_healthy(port=settings.PORT, host_header=urlsplit(settings.BASE_URL).netloc):
            return
        time.sleep(POLL_SECONDS)
    raise CannotStart(f"The web server did not answer /healthz within {ANSWER_SECONDS} seconds.")


def _watch(processes: Sequence[Child]) -> NoReturn:
    """Wait until one of them ends, which none should."""
    raise _unexpected(_first_to_end(processes))


def _first_to_end(children: Sequence[Child]) -> Child:
    with selectors.DefaultSelector() as selector:
        for child in children:
            selector.register(os.pidfd_open(child.pid), selectors.EVENT_READ, child)
        try:
            ended: Child = selector.select()[0][0].data
        finally:
            for key in list(selector.get_map().values()):
                os.close(key.fd)
    return ended


def _unexpected(child: Child) -> CannotStart:
    return CannotStart(f"{child.name} has ended by itself (status {child.ended()}), so everything was stopped.")
