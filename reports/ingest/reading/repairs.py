"""Collects the repairs of one report, equal ones counted together. Decides nothing about what is mended."""

from __future__ import annotations

from collections.abc import Iterable

from reports.dto import Repair
from reports.vocabulary import RepairCode

SENT_LENGTH = 200
DISTINCT = 200


class Repairs:
    """An ordered, bounded collection of `Repair`; a report with a million oddities still fits into one database row."""

    def __init__(self, known: Iterable[Repair] = ()) -> None:
        self._first: dict[tuple[str, str, str], str] = {}
        self._times: dict[tuple[str, str, str], int] = {}
        self._beyond = 0
        for repair in known:
            self.note(repair.code, repair.place, repair.sent, times=repair.times)

    def note(self, code: str, place: str = "", sent: str = "", *, row: int = 0, times: int = 1) -> None:
        """Note one repair. With `row` (from 1) the place is inside that record, and the first such record is named."""
        key = (code, place, sent[:SENT_LENGTH])
        if key in self._times:
            self._times[key] += times
        elif len(self._times) >= DISTINCT:
            self._beyond += times
        else:
            self._times[key] = times
            self._first[key] = f"record[{row}]/{place}" if row else place

    def all(self) -> tuple[Repair, ...]:
        found = [Repair(key[0], self._first[key], key[2], times) for key, times in self._times.items()]
        if self._beyond:
            found.append(Repair(RepairCode.MORE_REPAIRS, times=self._beyond))
        return tuple(found)
