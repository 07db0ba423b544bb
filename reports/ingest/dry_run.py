"""The whole path but the database: reads, and knows reports again within the run. Keeps nothing."""

from __future__ import annotations

from collections.abc import Sequence

from reports.ingest.files import FileMail
from reports.ingest.outcome import Kept, Result, conclude
from reports.ingest.read import read


class DryRun:
    """What storing would say of each file if nothing had been stored before this run."""

    def __init__(self) -> None:
        self._seen: set[tuple[bytes, bytes]] = set()

    def take(self, batch: Sequence[FileMail]) -> list[Result]:
        """One result for each mail, as `reports.ingest.pipeline.ingest` gives it."""
        return [self._one(mail) for mail in batch]

    def _one(self, mail: FileMail) -> Result:
        reading = read(mail.data, filename=mail.path.name)
        kept = []
        for report in reading.reports:
            kept.append(Kept(is_new=report.key not in self._seen))
            self._seen.add(report.key)
        return conclude(reading, kept)
