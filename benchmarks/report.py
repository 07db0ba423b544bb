"""`make bench-report`: one large report, ours against parsedmarc's API on the same mail in the same run, both in-process.

Each side has a process of its own and is timed from the bytes of the mail to a report in memory whose every row has been
looked at: no start of a program, no import, no file, no DNS (`offline`) is in it. parsedmarc's side is `parse_report_file`,
as its own command line calls it. Each runs three times, the quickest counts. Prints one JSON line for each figure.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import parsedmarc

from benchmarks.mails import mails
from reports.dto import AggregateReport
from reports.ingest.read import read

PEER = f"parsedmarc {version('parsedmarc')} API"
TIMES = 3


def main() -> None:
    options = _options()
    if options.side:
        print(json.dumps(_timed(options.side, Path(options.mail).read_bytes())))
        return
    with TemporaryDirectory(prefix="sekimori-bench-") as folder:
        mail = Path(folder) / "mail.eml"
        mail.write_bytes(next(iter(mails("one_large", size=options.rows))).content)
        ours, peer = (
            min((_run(side, mail) for _ in range(TIMES)), key=lambda run: run["cpu"]) for side in ("ours", "peer")
        )
    if not ours["rows"] == peer["rows"] == options.rows or ours["messages"] != peer["messages"]:
        sys.exit(f"ours read {ours['rows']} rows, {PEER} {peer['rows']} of {options.rows}: there is nothing to compare")
    _print("api_rows_per_cpu_second_ratio", peer["cpu"] / ours["cpu"], peer=PEER, unit="times")
    _print("api_wall_ratio", peer["wall"] / ours["wall"], peer=PEER, unit="times")
    for name, side in (("", ours), (PEER, peer)):
        _print("api_rows_per_cpu_second", options.rows / side["cpu"], peer=name, unit="rows/s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="One large report, against parsedmarc's API.")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the report (default: %(default)s)")
    parser.add_argument("--side", choices=["ours", "peer"], help=argparse.SUPPRESS)
    parser.add_argument("mail", nargs="?", help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(side: str, mail: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.report", "--side", side, mail], check=True, capture_output=True, text=True
    )
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _timed(side: str, mail: bytes) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    rows, messages = _ours(mail) if side == "ours" else _peer(mail)
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "rows": rows,
        "messages": messages,
    }


def _ours(mail: bytes) -> tuple[int, int]:
    reports = [report.content for report in read(mail).reports if isinstance(report.content, AggregateReport)]
    return sum(len(report.rows) for report in reports), sum(row.count for report in reports for row in report.rows)


def _peer(mail: bytes) -> tuple[int, int]:
    records = parsedmarc.parse_report_file(mail, offline=True)["report"]["records"]
    return len(records), sum(record["count"] for record in records)


def _print(figure: str, value: float, *, peer: str, unit: str) -> None:
    line = {"figure": figure, "mix": "one_large", "workers": 1, "value": round(value, 2), "peer": peer, "unit": unit}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
