"""What a row of the table of sources shows beside its sums: its days, who saw it, how it was judged, what was decided."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from django.core.exceptions import EmptyResultSet
from django.db import connections, router

from reports.models import Decision, SourceDay
from reports.selectors.failing_sources import leading_verdict, live_decisions
from reports.selectors.memory import Memory

# The sums of a source lie far apart, and are read once for both. Many of them have the same reporters.
_DRAWN = """
    WITH seen AS MATERIALIZED (%s)
    SELECT source_id, day, verdict, sum(messages - aligned), sum(messages), NULL FROM seen GROUP BY 1, 2, 3
    UNION ALL
    SELECT DISTINCT source_id, NULL::date, NULL, NULL::numeric, NULL::numeric, unnest(reporters)
    FROM (SELECT DISTINCT source_id, reporters FROM seen) named
"""


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
    """The sketch of each source on a page. Two queries, however many sources, and one where the sums are known."""
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
    try:
        seen, params = rows.values(
            "source_id", "day", "verdict", "messages", "aligned", "reporters"
        ).query.sql_with_params()
    except EmptyResultSet:
        return []
    with connections[router.db_for_read(SourceDay)].cursor() as cursor:
        cursor.execute(_DRAWN % seen, params)
        for pk, day, verdict, failing, total, reporter in cursor.fetchall():
            if reporter is not None:
                reporters[pk].append(reporter)
            else:
                by_day[pk][day.isoformat()] += int(failing)
                verdicts[pk][verdict] += int(total)
    return [(pk, by_day[pk], verdicts[pk], reporters[pk]) for pk in by_day]
