"""`make bench-growth`: ten times the mails must cost ten times as much and no more memory; ours alone, one worker.

Mails of mixed size through the path of `import_reports` into an empty database, once for each number of mails. The time is
that of the work, start of the program left out, since its share would make the growth look smaller than it is. Prints one
JSON line for each figure.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from benchmarks.database import Database, own_database
from benchmarks.mails import mbox_of
from benchmarks.measure import Cost, run

MIX = "typical"
AGAIN = 5000
"""Runs of fewer mails are short: they are taken three times, and the middle one counts."""


def main() -> None:
    options = _options()
    found: dict[int, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory(prefix="sekimori-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL may run under another account
        with own_database(folder / "var") as database:
            for mails in options.mails:
                seconds, cost = _measured(mails, folder=folder, database=database)
                found[mails] = seconds, cost.peak
                _print("work_seconds", mails=mails, value=seconds, unit="s")
                _print("cpu_seconds", mails=mails, value=cost.cpu, unit="s")
                _print("peak_memory_mib", mails=mails, value=cost.peak, unit="MiB")
    for few, many in pairwise(options.mails):
        times = many / few
        (time_few, peak_few), (time_many, peak_many) = found[few], found[many]
        _print("growth_of_time_for_ten_times", mails=many, value=10 * time_many / time_few / times, unit="times")
        _print("growth_of_memory", mails=many, value=peak_many / peak_few, unit="times")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How time and memory grow with the number of mails.")
    parser.add_argument("--mails", type=int, nargs="+", default=[1000, 10_000], help="default: 1000 and 10000")
    return parser.parse_args()


def _measured(mails: int, *, folder: Path, database: Database) -> tuple[float, Cost]:
    # In another process, for its memory would be counted as that of the program measured.
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.mails", MIX, str(mails), folder, "1"],
        check=True,
        capture_output=True,
        text=True,
    )
    holds, box = json.loads(made.stdout), mbox_of(folder, MIX, share=0, of=1)
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "benchmarks.ours",
        str(holds["rows"]),
        str(holds["messages"]),
        box,
    ]
    runs = []
    for number in range(3 if mails < AGAIN else 1):
        name = f"{MIX}_{mails}_{number}"
        cost = run(command, server=database.pid, env=database.fresh(name))
        database.drop(name)
        runs.append((sum(json.loads(cost.output).values()), cost))
    box.unlink()
    return sorted(runs, key=lambda each: each[0])[len(runs) // 2]


def _print(figure: str, *, mails: int, value: float, unit: str) -> None:
    print(
        json.dumps({"figure": figure, "mix": MIX, "mails": mails, "value": round(value, 2), "unit": unit}), flush=True
    )


if __name__ == "__main__":
    main()
