"""One set of embedded services, from start to stop. Used by `make up` and by the tests."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dmarcsite.services import postgres, valkey
from dmarcsite.services.account import private_folder, services_account
from dmarcsite.services.errors import CannotStart
from dmarcsite.services.places import Places
from dmarcsite.services.tether import Child

LEAVE_SECONDS = 60
POLL_SECONDS = 0.1


@contextmanager
def sole_user(var: Path) -> Iterator[None]:
    """Hold the folder for this process: two sets of services on one folder would destroy it. Raises CannotStart.

    The kernel gives the lock back however this process ends, so none is ever stale.
    """
    var.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (var / "lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(
                f"Sekimori already runs from {var} (process {lock.read().strip() or 'unknown'}): stop it first."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


@contextmanager
def embedded_services(
    places: Places, *, with_postgres: bool = True, with_valkey: bool = True, durable: bool = True
) -> Iterator[list[Child]]:
    """Start the services that are wanted and stop them at the end, PostgreSQL last. Raises CannotStart."""
    account = services_account()
    with ExitStack() as stack:
        lock = stack.enter_context(_services_gone(places.var))
        private_folder(places.sockets, account=account)
        children: list[Child] = []
        if with_postgres:
            children.append(postgres.start(places, account=account, lock=lock, durable=durable))
            stack.callback(children[-1].stop)
        if with_valkey:
            children.append(valkey.start(places, account=account, lock=lock))
            stack.callback(children[-1].stop)
        yield children


@contextmanager
def _services_gone(var: Path) -> Iterator[int]:
    """Wait for the services of a run that was ended hard; they are still writing down what they have.

    The value is a descriptor that the new services inherit: the lock is free when the last of them has ended.
    """
    with (var / "lock.services").open("a", encoding="ascii") as lock:
        deadline = time.monotonic() + LEAVE_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise CannotStart(f"The services of the last run from {var} do not end: end them first.") from None
                time.sleep(POLL_SECONDS)
            else:
                break
        yield lock.fileno()
