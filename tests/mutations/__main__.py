"""`make mutations`: seeded damage to every kind of report mail; reading it may neither raise, hang nor swell.

python -m tests.mutations [--count N] [--seed S] [--only NUMBER]
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.mutations.judge import Odd, judge
from tests.mutations.mutate import mutated
from tests.reports.samples import failure_mail

SECONDS = 10.0
"""What one mail of at most 400 kB may take, on a machine that is busy with other things too."""
MEMORY_MIB = 600
"""What reading may take beyond what the program takes that has read nothing."""


def main() -> int:
    """Read the mutations in a process with bounded memory; 0 where all were survived."""
    asked = _arguments()
    if asked.within:
        return _read_all(asked.seed, range(asked.start, asked.start + asked.count), Path(asked.within))
    if asked.only is not None:
        asked.start, asked.count = asked.only, 1
    with tempfile.NamedTemporaryFile() as place:
        command = [sys.executable, "-m", "tests.mutations", "--within", place.name]
        numbers = ["--seed", str(asked.seed), "--start", str(asked.start), "--count", str(asked.count)]
        status = subprocess.run([*command, *numbers], check=False).returncode
        if number := place.read().decode():  # ended by the watchdog, the kernel or a crash
            print(f"ENDED with status {status}: SEED={asked.seed} ONLY={number}", flush=True)
    return int(status != 0)


def _read_all(seed: int, numbers: range, place: Path) -> int:
    """Read them one by one; where this process stands is in the file `place`, for whoever finds it dead; in the end nothing."""
    judge(failure_mail())  # loads what is loaded once
    resource.setrlimit(resource.RLIMIT_AS, (_size() + (MEMORY_MIB << 20),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    began, slowest = time.monotonic(), (0.0, 0)
    endings: Counter[str] = Counter()
    with place.open("r+b", buffering=0) as mark:
        for number in numbers:
            os.pwrite(mark.fileno(), str(number).encode(), 0)
            told, data = mutated(seed, number)
            faulthandler.dump_traceback_later(SECONDS, exit=True)
            start = time.perf_counter()
            try:
                ending = judge(data)
            except Exception as error:  # noqa: BLE001  that nothing escapes is what is asked
                ending = "ODD" if isinstance(error, Odd) else "RAISED"
                print(f"{ending}: SEED={seed} ONLY={number} {told}: {error!r:.200} {_place(error)}", flush=True)
            faulthandler.cancel_dump_traceback_later()
            slowest = max(slowest, (time.perf_counter() - start, number))
            endings[ending] += 1
        mark.truncate(0)
    kinds = ", ".join(f"{ending} {count}" for ending, count in endings.most_common())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"{len(numbers)} mutations in {time.monotonic() - began:.0f} s ({kinds}); the slowest took "
        f"{slowest[0] * 1000:.0f} ms (ONLY={slowest[1]}), peak memory {peak} MiB"
    )
    return int(bool(endings["ODD"] or endings["RAISED"]))


def _place(error: BaseException) -> str:
    """The last line of the product that the error passed."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/reports/" in frame.filename]
    return f"at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def _size() -> int:
    """The address space of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--within", default="")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
