"""`make bench`: mails -> committed rows, ours against parsedmarc's command line on the same mbox in the same run.

Prints one JSON line for each figure. Ratios say how many times better ours is; `peer` names what a figure is held
against, and is "" where a figure is ours alone. CPU is that of the client and, for ours, of PostgreSQL as well. Both are
run by turns, three times each, and their median runs are compared: a machine is never as fast twice.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
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
                    _measure(mix, size=size, options=options, folder=folder, database=database)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Mails to committed rows, against parsedmarc. 0 leaves a mix out.")
    parser.add_argument("--typical", type=int, default=2000, help="mails of mixed size (default: %(default)s)")
    parser.add_argument("--one-large", type=int, default=100_000, help="rows in one report (default: %(default)s)")
    parser.add_argument("--tiny", type=int, default=10_000, help="mails with one row each (default: %(default)s)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="processes of ours (default: 1 and 2)")
    parser.add_argument(
        "--rounds", type=int, default=3, help="runs of each, by turns; the median counts (default: %(default)s)"
    )
    return parser.parse_args()


def _measure(mix: str, *, size: int, options: argparse.Namespace, folder: Path, database: Database) -> None:
    # In another process, for its memory would be counted as that of the programs measured.
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.mails", mix, str(size), folder, *map(str, {1, *options.workers})],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    holds = json.loads(made.stdout)
    peers: list[Cost] = []
    ours: dict[int, list[Cost]] = {count: [] for count in options.workers}
    for _ in range(options.rounds):
        peers.append(_peer(mix, rows=holds["rows"], folder=folder))
        for count, costs in ours.items():
            costs.append(_ours(mix, workers=count, holds=holds, folder=folder, database=database))
    peer = _median(peers)
    _print("peak_memory_mib", mix=mix, workers=1, value=peer.peak, peer=PEER, unit="MiB")
    for count, costs in ours.items():
        _report(mix, workers=count, rows=holds["rows"], ours=_median(costs), peer=peer)


def _peer(mix: str, *, rows: int, folder: Path) -> Cost:
    program, output = Path(sys.executable).with_name("parsedmarc"), folder / f"{mix}-json"
    cost = run([program, "--offline", "--silent", "--output", output, mbox_of(folder, mix, share=0, of=1)])
    if (read := _rows_of_peer(output / "aggregate.json")) != rows:
        sys.exit(f"{PEER} read {read} of {rows} rows: there is nothing to compare with")
    shutil.rmtree(output)
    return cost


def _ours(mix: str, *, workers: int, holds: Mapping[str, int], folder: Path, database: Database) -> Cost:
    name = f"{mix}_{workers}"
    env = database.fresh(name)
    boxes = [mbox_of(folder, mix, share=share, of=workers) for share in range(workers)]
    boxes = [box for box in boxes if box.stat().st_size]  # one mail is read by one worker, however many there are
    wanted = [str(number) for number in (holds["rows"], holds["messages"])]
    cost = run([sys.executable, "-m", "benchmarks.ours", *wanted, *boxes], server=database.pid, env=env)
    database.drop(name)
    return cost


def _median(costs: Sequence[Cost]) -> Cost:
    """The run in the middle by CPU."""
    return sorted(costs, key=lambda cost: cost.cpu)[len(costs) // 2]


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
