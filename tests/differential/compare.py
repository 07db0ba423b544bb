"""Owns what a difference is: one value, one row or one report that the two readers do not have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from tests.differential.readers import Both, Report, Values
from tests.differential.values import address


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` names it: "unread" (parsedmarc refuses), "refused" (we do), "crash", "more" (reports of ours beyond theirs),
    "kind", "head.FIELD", "row.FIELD", "row.lost" (of theirs) or "row.beyond" (theirs alone). `row` is ours, or theirs."""

    what: str
    ours: Any
    theirs: Any
    row: Values | None = None
    mine: Report | None = None


def differences(both: Both) -> Iterator[Difference]:
    """Everything in which the readers differ over the same bytes."""
    if both.theirs is None:
        yield from _without_theirs(both)
    elif not both.ours:
        yield Difference("refused", tuple(problem.code for problem in both.reading.problems), both.theirs.kind)
    else:
        mine = max(both.ours, key=lambda report: _likeness(report, both.theirs))
        if len(both.ours) > 1:
            yield Difference("more", len(both.ours), 1, mine=mine)
        if mine.kind == both.theirs.kind:
            yield from _of_heads(mine, both.theirs)
            yield from _of_rows(mine, both.theirs)
        else:
            yield Difference("kind", mine.kind, both.theirs.kind, mine=mine)


def _without_theirs(both: Both) -> Iterator[Difference]:
    if both.error.startswith("crash"):
        yield Difference("crash", None, both.error)
    for mine in both.ours:
        yield Difference("unread", mine.kind, both.error, mine=mine)


def _likeness(mine: Report, theirs: Report | None) -> int:
    if theirs is None or mine.kind != theirs.kind:
        return -1
    return sum(mine.head[name] == value for name, value in theirs.head.items()) + sum(
        row in theirs.rows for row in mine.rows
    )


def _of_heads(mine: Report, theirs: Report) -> Iterator[Difference]:
    for name, value in theirs.head.items():
        if mine.head[name] != value:
            yield Difference(f"head.{name}", mine.head[name], value, mine=mine)


def _of_rows(mine: Report, theirs: Report) -> Iterator[Difference]:
    """Rows are one where address and count are, however these are written; all else of them is compared."""
    left, right = [list(map(_key, report.rows)) for report in (mine, theirs)]
    for tag, low, high, their_low, their_high in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            for row, their in zip(mine.rows[low:high], theirs.rows[their_low:their_high], strict=True):
                yield from _of_row(row, their, mine)
            continue
        for row in mine.rows[low:high]:
            yield Difference("row.lost", row["source_ip"], None, row, mine)
        for row in theirs.rows[their_low:their_high]:
            yield Difference("row.beyond", None, row["source_ip"], row, mine)


def _of_row(row: Values, their: Values, mine: Report) -> Iterator[Difference]:
    for name, value in their.items():
        if row[name] != value:
            yield Difference(f"row.{name}", row[name], value, row, mine)


def _key(row: Values) -> tuple[Any, ...]:
    return address(row["source_ip"]), row["count"]
