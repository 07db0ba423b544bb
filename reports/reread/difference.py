"""What another reading changes: numbers before and after, and a bounded list of messages that change. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_LISTED = 100
COUNTS = ("reports", "rows", "messages", "rejected", "repairs")


@dataclass(frozen=True, slots=True)
class Came:
    """What came of one message: how it ended, the sums over its reports, and a print of all that is stored of them."""

    outcome: str
    reason: str
    reports: int = 0
    rows: int = 0
    messages: int = 0
    rejected: int = 0
    repairs: int = 0
    content: str = ""

    def counts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in COUNTS}


@dataclass(slots=True)
class Difference:
    """Grows message by message. `left_out` counts messages that could not be read again, by why."""

    read: int = 0
    changed: int = 0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    listed: list[dict[str, Any]] = field(default_factory=list)

    def add(self, message_id: int, before: Came, after: Came) -> None:
        self.read += 1
        for name in COUNTS:
            self.before[name] += getattr(before, name)
            self.after[name] += getattr(after, name)
        if before == after:
            return
        self.changed += 1
        if before.outcome != after.outcome:
            self.outcomes[f"{before.outcome} {after.outcome}"] += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(
                {
                    "message": message_id,
                    "before": {"outcome": before.outcome, "reason": before.reason, **before.counts()},
                    "after": {"outcome": after.outcome, "reason": after.reason, **after.counts()},
                }
            )

    def leave_out(self, why: str) -> None:
        self.left_out[why] += 1

    def to_json(self) -> dict[str, Any]:
        return {
            "read": self.read,
            "changed": self.changed,
            "before": {name: self.before[name] for name in COUNTS},
            "after": {name: self.after[name] for name in COUNTS},
            "outcomes": dict(self.outcomes),
            "left_out": dict(self.left_out),
            "listed": self.listed,
        }

    @classmethod
    def from_json(cls, result: Mapping[str, Any]) -> Difference:
        """Goes on where a job stopped."""
        return cls(
            read=result.get("read", 0),
            changed=result.get("changed", 0),
            before=Counter(result.get("before", {})),
            after=Counter(result.get("after", {})),
            outcomes=Counter(result.get("outcomes", {})),
            left_out=Counter(result.get("left_out", {})),
            listed=list(result.get("listed", [])),
        )
