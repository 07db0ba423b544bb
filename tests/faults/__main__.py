"""`make faults`: real servers are hurt at places that a seed chooses, and each time the end must be as if nothing had been.

python -m tests.faults [--count N] [--seed S] [--only NUMBER_OR_KIND,...] [--lanes N]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from tests.faults import disk
from tests.faults.plan import Injection, plan, write_plan

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Print a line for each injection and the count of each kind; 0 where every end was identical."""
    asked = _arguments()
    injections = plan(count=asked.count, seed=asked.seed, only=[word for word in asked.only.split(",") if word])
    lanes = max(1, min(asked.lanes, len(injections)))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sekimori-faults-", ignore_cleanup_errors=True) as name:
        base = Path(name)
        base.chmod(0o711)
        runs = [_Lane(base / str(number), injections[number::lanes]) for number in range(lanes)]
        for run in runs:
            run.finish()
    lines = [line for run in runs for line in run.lines]
    for run in runs:
        if run.status or run.missing:
            print(run.last_words(), file=sys.stderr)
    identical = [line.split()[1] for line in lines if line.startswith("identical ")]
    left_out = sum(line.startswith("left out ") for line in lines)
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(Counter(identical).items()))
    print(
        f"{len(injections)} injections, {len(identical)} identical ({kinds}), {left_out} left out, in {time.monotonic() - began:.0f} s"
    )
    return int(len(identical) + left_out != len(injections) or any(run.status for run in runs))


class _Lane:
    """A process with servers of its own; its lines are printed as they come."""

    def __init__(self, base: Path, injections: list[Injection]) -> None:
        base.mkdir(mode=0o711)
        for folder in ("var", "mail"):
            (base / folder).mkdir(mode=0o711)
        self._disk = base / "var"
        self._has_disk = disk.mount(self._disk)
        self.lines: list[str] = []
        self.status = 0
        self._count = len(injections)
        self._log = base / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-m", "tests.faults.lane"],
                cwd=ROOT,
                env=_environment(self._disk, mail=base / "mail"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._thread = threading.Thread(target=self._read, args=[write_plan(injections)])
        self._thread.start()

    def _read(self, text: str) -> None:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            return
        stdin.write(text)
        stdin.close()
        for line in stdout:
            self.lines.append(line)
            print(line, end="", flush=True)
        self.status = self._process.wait()
        self.log = self._log.read_text(errors="replace")

    def finish(self) -> None:
        """Wait for its end."""
        self._thread.join()
        if self._has_disk:
            disk.unmount(self._disk)

    @property
    def missing(self) -> int:
        """How many injections have no line."""
        return self._count - sum(line.startswith(("identical ", "DIFFERS ", "left out ")) for line in self.lines)

    def last_words(self) -> str:
        """The end of what the lane and its workers said."""
        return self.log[-6000:]


def _environment(var: Path, *, mail: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "dmarcsite.settings",
        "SEKIMORI_VAR_DIR": str(var),
        "SEKIMORI_LOCAL_PLACES_ROOT": str(mail / "maildirs"),
        "SEKIMORI_OUTGOING_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--lanes", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
