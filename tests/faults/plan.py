"""Owns which injections a run has: a fixed round of kinds, so that every thirty hold each kind; numbers tell them apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

# So many injections; kinds that take long come once.
ROUND = (
    "kill_act", "imap_cut", "postgres_restart", "deadlock", "retention_killed", "disk_full", "uidvalidity", "task_again",
    "kill_step", "clock_jump", "mail_again", "many_workers", "valkey_restart", "frozen", "reread_killed", "kill_act",
    "two_beats", "session_cut", "backlog_raced", "kill_moment", "imap_cut", "sender_checks_killed", "pool_killed",
    "cut_within_copy", "lmtp_killed", "bucket_killed", "bucket_away", "bucket_work_killed", "bucket_contested",
    "reader_killed", "due_raced",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Injection:
    """One injection; `name` seeds everything in it."""

    kind: str
    seed: int
    number: int

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.seed}-{self.number}"


def plan(*, count: int, seed: int, only: Sequence[str] = ()) -> list[Injection]:
    """The first `count` injections of a seed, or those of them whose number or kind is named in `only`."""
    numbers = range(max([count, *(int(each) + 1 for each in only if each.isdecimal())]))
    injections = [Injection(ROUND[number % len(ROUND)], seed, number) for number in numbers]
    if not only:
        return injections[:count]
    return [each for each in injections if each.kind in only or str(each.number) in only]


def write_plan(injections: Iterable[Injection]) -> str:
    """The plan as text, one injection a line."""
    return "".join(f"{each.kind} {each.seed} {each.number}\n" for each in injections)


def read_plan(file: TextIO) -> list[Injection]:
    """The injections that were written down."""
    words = (line.split() for line in file)
    return [Injection(kind, int(seed), int(number)) for kind, seed, number in words]
