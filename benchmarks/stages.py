"""Where the time of an import goes, stage by stage, told by the pipeline's own checkpoints. Measures one process."""

from __future__ import annotations

import time
from collections import defaultdict

SPLITTING, TAKING_IN, READING, STORING, COMMITTING = "splitting", "taking_in", "reading", "storing", "committing"
STAGES = (SPLITTING, TAKING_IN, READING, STORING, COMMITTING)
ENDED_BY = {"taken in": TAKING_IN, "read": READING, "stored": STORING, "committed": COMMITTING}


class Stopwatch:
    """`seconds` of each stage so far. What lies between a commit and the next batch is the splitting of the file."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._since = time.perf_counter()

    def batch(self) -> None:
        """Say that the next batch is there."""
        self._lap(SPLITTING)

    def checkpoint(self, step: str) -> None:
        """Say that the pipeline has ended a step (`reports.ingest.pipeline.Checkpoint`)."""
        self._lap(ENDED_BY[step])

    def _lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] += now - self._since
        self._since = now
