"""`make bench`: mails -> committed rows, ours against parsedmarc's command line on the same mbox in the same run.

Prints one JSON line for each figure. Ratios say how many times better ours is; `peer` names what a figure is held
against, and is "" where a figure is ours alone. CPU is that of the client and, for ours, of PostgreSQL as well.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.database import Database, own_database
from benchmarks.mails import mbox_of
from benchmarks.measure import Cost, run
from benchmarks.stages import STAGES

PEER = f"parsedmarc {version('parsedmarc')}"


def main() -> None:
    """Measure every mix with each number of workers."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="sekimori-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL may run under another account
        with own_database(folder / "var") as database:
            for mix, size in (("typical", options.typical), ("one_large", options.one_large), ("tiny", options.tiny)):
                if size:
                    _measure(mix, size=size, workers=options.workers, folder=folder, database=database)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Mails to committed rows, against parsedmarc. 0 leaves a mix out.")
    parser.add_argument("--typical", type=int, default=2000, help="mails of mixed size (default: %(default)s)")
    parser.add_argument("--one-large", type=int, default=100_000, help="rows in one report (default: %(default)s)")
    parser.add_argument("--tiny", type=int, default=10_000, help="mails with one row each (default: %(default)s)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="processes of ours (default: 1 and 2)")
    return parser.parse_args()


def _measure(mix: str, *, size: int, workers: Sequence[int], folder: Path, database: Database) -> None:
    # In another process, for its memory would be counted as that of the programs measured.
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.mails", mix, str(size), folder, *map(str, {1, *workers})],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    holds = json.loads(made.stdout)
    program = Path(sys.executable).with_name("parsedmarc")
    output = folder / f"{mix}-json"
    peer = run([program, "--offline", "--silent", "--output", output, mbox_of(folder, mix, share=0, of=1)])
    if (read := _rows_of_peer(output / "aggregate.json")) != holds["rows"]:
        sys.exit(f"{PEER} read {read} of {holds['rows']} rows: there is nothing to compare with")
    _print("peak_memory_mib", mix=mix, workers=1, value=peer.peak, peer=PEER, unit="MiB")
    for count in workers:
        name = f"{mix}_{count}"
        env = database.fresh(name)
        wanted = [str(number) for number in (holds["rows"], holds["messages"])]
        boxes = [mbox_of(folder, mix, share=share, of=count) for share in range(count)]
        boxes = [box for box in boxes if box.stat().st_size]  # one mail is read by one worker, however many there are
        ours = run([sys.executable, "-m", "benchmarks.ours", *wanted, *boxes], server=database.pid, env=env)
        database.drop(name)
        _report(mix, workers=count, rows=holds["rows"], ours=ours, peer=peer)


def _rows_of_peer(path: Path) -> int:
    """How many rows parsedmarc wrote: its JSON has one source for each, on a line of its own."""
    with path.open("rb") as lines:
        return sum(b'"ip_address":' in line for line in lines)


def _report(mix: str, *, workers: int, rows: int, ours: Cost, peer: Cost) -> None:
    _print("rows_per_cpu_second_ratio", mix=mix, workers=workers, value=peer.cpu / ours.cpu, peer=PEER, unit="times")
    _print("wall_ratio", mix=mix, workers=workers, value=peer.wall / ours.wall, peer=PEER, unit="times")
    _print("rows_per_cpu_second", mix=mix, workers=workers, value=rows / ours.cpu, peer="", unit="rows/s")
    _print("peak_memory_mib", mix=mix, workers=workers, value=ours.peak, peer="", unit="MiB")
    seconds = json.loads(ours.output)
    for stage in STAGES:
        share = 100 * seconds.get(stage, 0) / sum(seconds.values())
        _print(f"share_of_time_{stage}", mix=mix, workers=workers, value=share, peer="", unit="%")


def _print(figure: str, *, mix: str, workers: int, value: float, peer: str, unit: str) -> None:
    line = {"figure": figure, "mix": mix, "workers": workers, "value": round(value, 2), "peer": peer, "unit": unit}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
