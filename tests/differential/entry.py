"""Owns how a difference is explained: by a condition on it, or by folds that make both values the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.differential.compare import Difference
from tests.differential.readers import Both

Fold = Callable[[Any], Any]
When = Callable[[Difference, Both], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """One known difference. It explains a difference of a kind in `on` where `when` holds, or takes part in explaining it
    where `fold`, put on both values, helps to make them one. `evidence` is an RFC section or what was seen."""

    id: str
    on: tuple[str, ...]
    what: str
    evidence: str
    when: When | None = None
    fold: Fold | None = None


def explain(difference: Difference, both: Both, entries: Iterable[Entry]) -> list[str]:
    """The ids of the entries that explain the difference together; empty where none do."""
    fitting = [entry for entry in entries if difference.what in entry.on]
    for entry in fitting:
        if entry.when is not None and entry.when(difference, both):
            return [entry.id]
    return _folded(difference, [entry for entry in fitting if entry.fold is not None])


def _folded(difference: Difference, entries: list[Entry]) -> list[str]:
    if not _are_one(difference, entries):
        return []
    for entry in list(entries):  # what is not needed has no part in it
        others = [each for each in entries if each is not entry]
        if _are_one(difference, others):
            entries = others
    return [entry.id for entry in entries]


def _are_one(difference: Difference, entries: list[Entry]) -> bool:
    ours, theirs = difference.ours, difference.theirs
    for entry in entries:
        if entry.fold is not None:
            ours, theirs = entry.fold(ours), entry.fold(theirs)
    return bool(ours == theirs)
