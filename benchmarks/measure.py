"""Runs one program to its end and says what it cost: wall time, CPU time of it and of PostgreSQL, greatest memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
# Fields of /proc/<pid>/stat after the command's closing parenthesis (proc_pid_stat(5)).
PARENT, USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM = 1, 11, 12, 13, 14


@dataclass(frozen=True, slots=True)
class Cost:
    """`client` and `server` are CPU seconds, `wall` seconds, `peak` MiB of the largest single process.

    `output` is what the program printed on standard output.
    """

    wall: float
    client: float
    server: float
    peak: float
    output: str

    @property
    def cpu(self) -> float:
        return self.client + self.server


def run(command: Sequence[str | Path], *, server: int | None = None, env: Mapping[str, str] | None = None) -> Cost:
    """Run `command` and wait for it; `server` is the process id of the PostgreSQL that works for it.

    The figures are the kernel's (wait4(2)) and hold for the program and all processes that it waited for. Raises
    CalledProcessError where it fails.

    This process must be small itself: the kernel counts the memory of the parent at the fork as the child's.
    """
    before, start = server_cpu(server), time.monotonic()
    with subprocess.Popen([str(part) for part in command], env=env, stdout=subprocess.PIPE, text=True) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Cost(
        wall=wall,
        client=usage.ru_utime + usage.ru_stime,
        server=server_cpu(server) - before,
        peak=usage.ru_maxrss / 1024,
        output=output,
    )


def server_cpu(server: int | None) -> float:
    """CPU seconds that PostgreSQL has used so far: the postmaster, its living children, and those that it has reaped."""
    if server is None:
        return 0.0
    while True:
        reaped = _reaped(server)
        living = _living(server)
        if _reaped(server) == reaped:  # else one of them ended meanwhile and is in neither or in both
            return (reaped + living) / TICKS


def _reaped(server: int) -> int:
    fields = _stat(Path(f"/proc/{server}"))
    return sum(int(fields[place]) for place in (CHILDREN_USER, CHILDREN_SYSTEM))


def _living(server: int) -> int:
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = _stat(folder)
        except OSError:
            continue  # it has ended meanwhile
        if server in (int(folder.name), int(fields[PARENT])):
            ticks += int(fields[USER]) + int(fields[SYSTEM])
    return ticks


def _stat(folder: Path) -> list[str]:
    return (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
