"""Owns one comparison over many files: what was explained by what, and every difference that nothing explains."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from tests.differential.compare import differences
from tests.differential.entry import explain
from tests.differential.explained import ENTRIES
from tests.differential.generated import files
from tests.differential.readers import read_both
from tests.differential.written import WRITTEN
from tests.mutations.mutate import mutated

FOUND = ((3, 122), (3, 1018), (3, 2803), (3, 2837), (3, 9052), (3, 15403), (990013, 70))
"""Mutations (seed, number) that long runs have found to need an entry that no written file needs."""

LONGEST_LINE = 50_000
"""For a header field that is longer, parsedmarc takes minutes to hours."""


@dataclass
class Tally:
    """`explained` counts by entry; `files` and `differing` count files; `unexplained` names what is left."""

    explained: Counter[str] = field(default_factory=Counter)
    files: int = 0
    differing: int = 0
    unexplained: list[str] = field(default_factory=list)

    def compare(self, data: bytes, *, name: str) -> None:
        """Read the file by both, and explain every difference."""
        both = read_both(data)
        self.files += 1
        found = list(differences(both))
        self.differing += bool(found)
        for difference in found:
            ids = explain(difference, both, ENTRIES)
            self.explained.update(ids)
            if not ids:
                notes = sorted(difference.mine.repairs | difference.mine.rejected) if difference.mine else []
                self.unexplained.append(
                    f"{name}: {difference.what}: ours {difference.ours!r:.300}, theirs {difference.theirs!r:.300}; noted {notes}"
                )

    @property
    def stale(self) -> list[str]:
        """Entries that explained nothing."""
        return [entry.id for entry in ENTRIES if not self.explained[entry.id]]


def compare_all(*, generated: int, spoilt: int, seed: int) -> Tally:
    """Compare over all written files, so many generated ones and so many spoilt ones; the same for the same seed."""
    tally = Tally()
    for name, data in WRITTEN.items():
        tally.compare(data, name=name)
    for place in FOUND:
        told, data = mutated(*place)
        tally.compare(data, name=f"found {place} {told}")
    _compare_generated(tally, count=generated, seed=seed)
    for number in range(spoilt):
        told, data = mutated(seed, number)
        if max(map(len, data.split(b"\n"))) <= LONGEST_LINE:
            tally.compare(data, name=f"SEED={seed} ONLY={number} {told}")
    return tally


def _compare_generated(tally: Tally, *, count: int, seed: int) -> None:
    numbers = iter(range(10 * count))

    @seeded(seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(files())
    def compare(data: bytes) -> None:
        tally.compare(data, name=f"generated {next(numbers)}")

    compare()
