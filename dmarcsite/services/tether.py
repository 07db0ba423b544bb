"""Starts programs that never outlive this one, and ends them. Knows nothing of what they do."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from dmarcsite.services.account import Account

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(signum: signal.Signals, *, parent: int) -> None:
    """Ask the kernel to signal this process when its parent ends, however hard (prctl(2), PR_SET_PDEATHSIG)."""
    _libc.prctl(PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if os.getppid() != parent:  # it ended between the fork and the call above
        os.kill(os.getpid(), signum)


class Child:
    """One program in a process group of its own: Ctrl-C reaches us alone, and we stop everything in order."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        patience: float = 10.0,
        account: Account | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        output: IO[bytes] | None = None,
        keep: Sequence[int] = (),
    ) -> None:
        """Start it. `patience` is in seconds: how long `stop` waits before it kills. `keep`: file descriptors it inherits."""
        self.name = name
        self._stop_signal = stop_signal
        self._patience = patience
        parent = os.getpid()
        switch = account is not None and account.uid != os.geteuid()
        self._process = subprocess.Popen(  # noqa: S603  our own commands only
            [str(part) for part in command],
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            pass_fds=keep,
            start_new_session=True,
            user=account.uid if account and switch else None,
            group=account.gid if account and switch else None,
            extra_groups=[] if switch else None,
            # Runs after the change of account, which would clear the wish again. Safe here: we have one thread.
            preexec_fn=lambda: die_with_parent(stop_signal, parent=parent),
        )
        self.pid = self._process.pid
        self._asked = False

    def ended(self) -> int | None:
        """Its exit status once it has ended (negative: the signal that ended it)."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait for its end and return the exit status."""
        return self._process.wait()

    def ask_to_stop(self) -> None:
        """Send the stop signal and return at once. Only the first call does, since to some a second one means hurry."""
        if not self._asked:
            self._asked = True
            self._process.send_signal(self._stop_signal)  # does nothing once it has ended

    def stop(self) -> None:
        """End it and whatever it started; return once it is gone."""
        self.ask_to_stop()
        try:
            self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            self._sweep()
            self._process.wait()
        self._sweep()

    def _sweep(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # nobody is left
