"""Owns the life of one foreground daemon: start, readiness by probing, and an end that leaves no process behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

START_SECONDS = 60.0
_PROBE_PAUSE = 0.02
_STOP_SECONDS = 10.0
_LOG_TAIL = 4000

T = TypeVar("T")


class NotReady(Exception):
    """A daemon ended early, or a condition did not come true in time."""


def wait_until(probe: Callable[[], T], *, seconds: float, what: str) -> T:
    """Return the first truthy value of ``probe``, asked again until ``seconds`` are over; raises NotReady then."""
    deadline = time.monotonic() + seconds
    while not (value := probe()):
        if time.monotonic() > deadline:
            raise NotReady(f"{what}: not within {seconds:g} s")
        time.sleep(_PROBE_PAUSE)
    return value


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Say whether something accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def listens_at(path: Path) -> bool:
    """Say whether something accepts connections on this Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


class Daemon:
    """One process in a process group of its own; its standard output and error go to ``log``.

    ``environment`` is its whole environment and ``directory`` where it starts; without them it has ours.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        self.log = log
        self._environment, self._directory = environment, directory
        # The kernel ends it when this process dies without saying goodbye.
        self._argv = ["setpriv", "--pdeathsig", "TERM", "--", *(str(word) for word in argv)]
        self._name = str(argv[0])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; raises NotReady before start() and after stop()."""
        if self._process is None:
            raise NotReady(f"{self._name} is not running")
        return self._process.pid

    def start(self, ready: Callable[[], bool]) -> None:
        """Start the process and return once ``ready`` is true; raises NotReady with the log when it never is.

        Call it from the main thread: the kernel takes the end of the calling thread for the end of the test run.
        """
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, env=self._environment, cwd=self._directory,
            )  # fmt: skip
        try:
            wait_until(lambda: self._ended() or ready(), seconds=START_SECONDS, what=self._name)
        except NotReady as late:
            self.stop()
            raise NotReady(f"{late}\n{self.log_tail()}") from late
        if self._ended():
            self.stop()
            raise NotReady(f"{self._name} ended at once\n{self.log_tail()}")

    def stop(self) -> None:
        """End the process and all it started; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._kill_group(process.pid)

    def log_tail(self) -> str:
        """The last few thousand characters of the log, for a failure message."""
        return self.log.read_text(errors="replace")[-_LOG_TAIL:] if self.log.exists() else ""

    def _ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    @staticmethod
    def _kill_group(group: int) -> None:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            return
        wait_until(lambda: not _group_lives(group), seconds=_STOP_SECONDS, what=f"end of process group {group}")


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
