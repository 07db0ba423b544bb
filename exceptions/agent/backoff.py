"""How long to wait after the n-th failure in a row: doubling, never more than a minute, never in step with others."""

from __future__ import annotations

import random

LONGEST = 60.0


def delay(failures: int) -> float:
    """Seconds; between half and all of 1, 2, 4 ... 60."""
    whole = min(LONGEST, 2.0 ** min(failures - 1, 6))
    return whole * random.uniform(0.5, 1)  # noqa: S311 - spreads load, guards no secret
