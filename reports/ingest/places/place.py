"""The protocol of all places where reports arrive: how one is reached, listed, read, and told what became of its mail."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol

from reports.errors import MailboxError
from reports.models import Mailbox
from reports.vocabulary import MailboxStep

BATCH_BYTES = 8 << 20
"""So much mail is fetched at once, or one larger mail."""
FETCHED_TOGETHER = 500
"""So many items are fetched at once."""
LISTED_TOGETHER = 5_000
"""So many keys a window of a listing may hold."""
DETAIL_LENGTH = 300


class Mark(StrEnum):
    """What became of an item: it was read (stored, a duplicate, partly stored), or it could not be used."""

    HANDLED = "handled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of items by key, and what keeps others from being read now. Keys in neither are no longer there."""

    mails: dict[str, bytes] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a connection: `code` is "" where it went well, else a MailboxFault with its `params`."""

    name: MailboxStep
    detail: str = ""
    code: str = ""
    params: tuple[tuple[str, str], ...] = ()

    @property
    def is_ok(self) -> bool:
        return not self.code


class Place(Protocol):
    """A place that was reached. An item is known by (`folder`, `epoch`, key): never another one under the same three.

    `epoch` changes where the place may give keys anew; the ledger then knows items again by their bytes. All methods
    raise MailboxError, pass over keys that are no longer there, and do no harm when they are repeated.
    """

    folder: str
    epoch: str

    def windows(self) -> Iterator[Sequence[str]]:
        """The keys of all items there, older ones first where the place knows it, LISTED_TOGETHER at most at a time.

        What arrives, vanishes or is acknowledged meanwhile must not make another item be left out.
        """

    def sizes(self, keys: Sequence[str]) -> Mapping[str, int]:
        """Bytes of those items (a window at most) that are still there, without fetching them."""

    def fetch(self, keys: Sequence[str]) -> Fetched:
        """The bytes of items, FETCHED_TOGETHER at most, without any change that others could see."""

    def demand(self, action: Mailbox.Action) -> None:
        """Raise MailboxMisconfigured where the place, as it answers today, cannot do this to single items."""

    def acknowledge(self, keys: Sequence[str], mark: Mark, *, action: Mailbox.Action, target: str) -> None:
        """Flag the items, or move them to `target`, which is made where it is missing. Never deletes what it has not moved."""


class Way(Protocol):
    """The way to a place, as values: what a mailbox, or a form not yet saved, says. Knows its secret and never shows it."""

    step_names: ClassVar[tuple[MailboxStep, ...]]
    """The steps in their order: `steps` yields one for each, or raises."""

    def steps(self, stack: ExitStack, *, is_read_only: bool) -> Generator[Step, None, Place]:
        """Walk there, yield each step that is done, and return the place. What was opened is left on the stack.

        Raises MailboxError, or MailboxMisconfigured where only a change of settings helps.
        """


@contextmanager
def open_place(way: Way, *, is_read_only: bool = False) -> Iterator[Place]:
    """Walk the whole way. With `is_read_only` nothing there can be changed. Raises MailboxError."""
    with ExitStack() as stack:
        walk = way.steps(stack, is_read_only=is_read_only)
        while True:
            try:
                next(walk)
            except StopIteration as end:
                place: Place = end.value
                break
        yield place


def test_way(way: Way) -> Iterator[Step]:
    """Try the way and yield each step as soon as it is known; the first that fails is the last one. Changes nothing."""
    names = iter(way.step_names)
    with ExitStack() as stack:
        try:
            for step in way.steps(stack, is_read_only=True):
                next(names)
                yield step
        except MailboxError as error:
            yield Step(next(names), code=error.code, params=error.params)


def detail(error: Exception) -> tuple[tuple[str, str], ...]:
    """What the other side said, bounded, as the parameter "error"."""
    return (("error", str(error)[:DETAIL_LENGTH]),)
