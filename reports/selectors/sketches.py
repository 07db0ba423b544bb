"""What a row of the table of sources shows beside its sums: its days, who saw it, how it was judged, what was decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

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
    summed = memory.of(f"sketches {sorted(source_ids)}", lambda: _sums(memory, source_ids))
    for pk, day, verdict, failing, total in summed["days"]:
        sketch, on = found[pk], date.fromisoformat(day)
        sketch.by_day[on] = sketch.by_day.get(on, 0) + failing
        sketch.verdicts[verdict] = sketch.verdicts.get(verdict, 0) + total
    for pk, reporter in summed["reporters"]:
        found[pk].reporters.append(reporter)
    for decision in live_decisions(memory.scope, now=memory.now).filter(source_id__in=source_ids).order_by("pk"):
        found[decision.source_id].decisions.append(decision)
    return found


def _sums(memory: Memory, source_ids: Collection[int]) -> dict[str, list[Any]]:
    rows = memory.scope.within(SourceDay.objects.filter(source_id__in=source_ids))
    days = rows.values_list("source_id", "day", "verdict").annotate(
        failing=Sum(F("messages") - F("aligned")), total=Sum("messages")
    )
    reporters = rows.values_list("source_id", Func(F("reporters"), function="unnest")).distinct()
    return {
        "days": [(pk, day.isoformat(), verdict, int(failing), int(total)) for pk, day, verdict, failing, total in days],
        "reporters": list(reporters),
    }
