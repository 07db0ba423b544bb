"""Owns the lane's side of worker processes: starting, holding, killing, and knowing that they are gone."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

PATIENCE = 60.0
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.faults.crew", "tests.faults.bucket_crew", "tests.faults.proxy"])


class Hangs(Exception):
    """A worker did not end, or did not come to where it was to hold."""


class Worker:
    """One process that runs `target(*args)`, with a line to it where `has_line`; the line is its last argument."""

    def __init__(self, target: Callable[..., Any], *args: Any, has_line: bool = True) -> None:
        self._line, other = FORKS.Pipe() if has_line else (None, None)
        self._process = FORKS.Process(target=target, args=(*args, other) if has_line else args)
        self._process.start()
        if other is not None:
            other.close()

    @property
    def line(self) -> Connection:
        """The lane's end."""
        if self._line is None:
            raise Hangs("this worker has no line")
        return self._line

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid or 0

    def says(self) -> Any:
        """Wait for the next thing it says; None where it has ended instead."""
        try:
            if not self.line.poll(PATIENCE):
                raise Hangs("a worker says nothing")
            return self.line.recv()
        except (EOFError, ConnectionResetError):
            return None

    def go_on(self) -> None:
        """Let it leave the place where it holds; does nothing once it has ended."""
        try:
            self.line.send(None)
        except OSError:
            return

    def pause(self, seconds: float) -> None:
        """Let it run for so long."""
        self._process.join(seconds)

    def signal(self, signum: signal.Signals) -> None:
        """Send a signal; does nothing once it has ended."""
        with suppress(ProcessLookupError):
            if self._process.pid is not None and self._process.is_alive():
                os.kill(self._process.pid, signum)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self._process.kill()
        self._process.join()

    def ends(self) -> int:
        """Wait for its end; its exit status, negative for a signal."""
        self._process.join(PATIENCE)
        if self._process.exitcode is None:
            self.kill()
            raise Hangs("a worker does not end")
        return self._process.exitcode


def wait_until(probe: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Ask again until it is so; raises Hangs."""
    deadline = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > deadline:
            raise Hangs(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)
