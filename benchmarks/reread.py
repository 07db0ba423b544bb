"""`make bench-reread`: reading every stored message again, against the first reading of the same mails in the same run.

Prints one JSON line for each figure. Both are measured within one process, without its start; CPU is that of the client and of
PostgreSQL. `unchanged` is what nearly every re-read finds; for `changed` a value of every row was spoilt before.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.database import own_database
from benchmarks.mails import mbox_of

MIXES = ("typical", "tiny")


def main() -> None:
    """Measure the mixes of many mails."""
    parser = argparse.ArgumentParser(description="Re-reading against the first reading. 0 leaves a mix out.")
    parser.add_argument("--typical", type=int, default=2000, help="mails of mixed size (default: %(default)s)")
    parser.add_argument("--tiny", type=int, default=5000, help="mails with one row each (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sekimori-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL may run under another account
        with own_database(folder / "var") as database:
            for mix in MIXES:
                size = getattr(options, mix)
                if size:
                    mails = [sys.executable, "-m", "benchmarks.mails", mix, str(size), str(folder), "1"]
                    subprocess.run(mails, check=True, stdout=subprocess.DEVNULL)
                    box = mbox_of(folder, mix, share=0, of=1)
                    measured = [sys.executable, "-m", "benchmarks.read_twice", str(database.pid), str(box)]
                    done = subprocess.run(
                        measured, env=os.environ | database.fresh(mix), check=True, stdout=subprocess.PIPE, text=True
                    )
                    _report(mix, **json.loads(done.stdout))


def _report(mix: str, *, first: dict[str, float], again: dict[str, dict[str, float]]) -> None:
    for kind, cost in again.items():
        for unit in ("cpu", "wall"):
            ratio = round(first[unit] / cost[unit], 2)
            line = {"figure": f"reread_{unit}_ratio", "mix": mix, "kind": kind, "value": ratio, "unit": "times"}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
