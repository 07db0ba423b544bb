"""What a row of the table of sources shows beside its sums: its days, who saw it, how it was judged, what was decided."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from django.db.models import F, Func, Sum

from reports.models import Decision, SourceDay
from reports.selectors.failing_sources import leading_verdict, live_decisions
from reports.selectors.memory import Memory


@dataclass(slots=True)
class Sketch:
    """Failing messages per day, reporters, messages per verdict, and the decisions that hold."""

    by_day: dict[date, int] = field(default_factory=dict)
    reporters: list[str] = field(default_factory=list)
    verdicts: dict[str, int] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """The verdict of most of its failing messages; aligned where none failed."""
        return leading_verdict(self.verdicts)


def sketches(memory: Memory, *, source_ids: Collection[int]) -> dict[int, Sketch]:
    """The sketch of each source on a page. Three queries, however many sources, and one where the sums are known."""
    found: dict[int, Sketch] = defaultdict(Sketch)
    for pk, by_day, verdicts, reporters in memory.of(f"drawn {sorted(source_ids)}", lambda: _drawn(memory, source_ids)):
        found[pk] = Sketch({date.fromisoformat(day): failing for day, failing in by_day.items()}, reporters, verdicts)
    for decision in live_decisions(memory.scope, now=memory.now).filter(source_id__in=source_ids).order_by("pk"):
        found[decision.source_id].decisions.append(decision)
    return found


def _drawn(memory: Memory, source_ids: Collection[int]) -> list[tuple[int, dict[str, int], dict[str, int], list[str]]]:
    """Of each source its failing messages per day, its messages per verdict, and its reporters."""
    by_day: dict[int, Counter[str]] = defaultdict(Counter)
    verdicts: dict[int, Counter[str]] = defaultdict(Counter)
    reporters: dict[int, list[str]] = defaultdict(list)
    rows = memory.scope.within(SourceDay.objects.filter(source_id__in=source_ids))
    sums = {"failing": Sum(F("messages") - F("aligned")), "total": Sum("messages")}
    for pk, day, verdict, failing, total in rows.values_list("source_id", "day", "verdict").annotate(**sums):
        by_day[pk][day.isoformat()] += int(failing)
        verdicts[pk][verdict] += int(total)
    for pk, reporter in rows.values_list("source_id", Func(F("reporters"), function="unnest")).distinct():
        reporters[pk].append(reporter)
    return [(pk, by_day[pk], verdicts[pk], reporters[pk]) for pk in by_day]
