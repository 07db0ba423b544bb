"""The results of a file's many mails as one, in memory that does not grow with them unless their reports are to be named."""

from __future__ import annotations

from collections.abc import Iterable

from reports.ingest.outcome import ReportFacts, Result
from reports.vocabulary import Outcome, Reason

_ORDER = (Outcome.STORED, Outcome.REFUSED, Outcome.DUPLICATE, Outcome.NOT_A_REPORT)


class Combined:
    """What `result` says grows with each mail; `named` keeps the facts of each report."""

    def __init__(self, *, named: bool) -> None:
        self._named = named
        self._first: dict[Outcome, Result] = {}
        self._facts: list[ReportFacts] = []
        self._unnamed = 0
        self._mails = 0

    def add(self, results: Iterable[Result]) -> None:
        for result in results:
            self._mails += 1
            self._first.setdefault(result.outcome, result)
            if self._named:
                self._facts += result.reports
            else:
                self._unnamed += len(result.reports)

    def result(self) -> Result:
        """What became of the only mail; of several partial where some report came in and something else was lost, with the
        reason and the problems of the first mail that ended so.
        """
        if not self._first:
            return Result(Outcome.NOT_A_REPORT, Reason.EMPTY)
        if Outcome.PARTIAL in self._first or {Outcome.STORED, Outcome.REFUSED} <= self._first.keys():
            outcome = Outcome.PARTIAL
            first = next(each for each in self._first.values() if each.outcome in (Outcome.PARTIAL, Outcome.REFUSED))
        else:
            outcome = next(each for each in _ORDER if each in self._first)
            first = self._first[outcome]
        message_id = first.message_id if self._mails == 1 else None
        return Result(outcome, first.reason, first.problems, tuple(self._facts), message_id, self._unnamed)
