"""One set of embedded services, from start to stop. Used by `make up` and by the tests."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from dmarcsite.services import postgres, valkey
from dmarcsite.services.account import private_folder, services_account
from dmarcsite.services.errors import CannotStart
from dmarcsite.services.places import Places
from dmarcsite.services.tether import Child


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
    with ExitStack() as stack:
        children: list[Child] = []
        if with_postgres or with_valkey:
            account = services_account()
            private_folder(places.sockets, account=account)
        if with_postgres:
            children.append(postgres.start(places, account=account, durable=durable))
            stack.callback(children[-1].stop)
        if with_valkey:
            children.append(valkey.start(places, account=account))
            stack.callback(children[-1].stop)
        yield children
