"""How many messages a flow has on a day, for a reporter and a source: patterns, curves and repeatable chance."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from dmarcsite.demo.cast import SEED

# One factor for each day of the week, Monday first.
OFFICE = (1.05, 1.1, 1.0, 1.0, 0.85, 0.12, 0.08)
CAMPAIGNS = (0.15, 2.2, 0.2, 1.9, 0.2, 0.1, 0.1)
EVERY_DAY = (1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.95)

NOISE = 0.3
"""The greatest part of a figure that chance adds or takes: 0.3 is from -15 to +15 per cent."""


def along(curve: Sequence[float], *, position: float) -> float:
    """The value of a curve of evenly spaced points at `position` (0 is its first point, 1 its last)."""
    place = position * (len(curve) - 1)
    left = int(place)
    right = min(left + 1, len(curve) - 1)
    return curve[left] + (curve[right] - curve[left]) * (place - left)


def chance_of(key: str) -> Random:
    """A source of chance that gives the same figures for the same key, on every machine."""
    return Random(f"{SEED}|{key}")  # noqa: S311 (nothing secret: figures of a demo)


def whole_messages(expected: float, *, chance: Random) -> int:
    """A whole number near `expected`; a small expectation becomes a message on some days and none on others."""
    noisy = expected * (1 + NOISE * (chance.random() - 0.5))
    return int(noisy + chance.random())
