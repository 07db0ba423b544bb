"""One lane: its own servers, and injections one after the other on them. Started by `python -m tests.faults`."""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from random import Random

from tests.faults.plan import Injection, read_plan

from tests.faults import crew  # isort: skip  (sets Django up before anything asks for a model)

from django.core.management import call_command
from django.db import connection

from tests.faults.kinds import KINDS
from tests.faults.scene import CannotRun, NotIdentical, Scene
from tests.faults.stage import Stage
from tests.faults.workers import Hangs

__all__ = ["crew"]


def main() -> int:
    """Run the plan that stands on standard input; a line for each injection, and the number of failures as status."""
    plan = read_plan(sys.stdin)
    var = Path(os.environ["SEKIMORI_VAR_DIR"])
    stage = Stage(var, mail=var.parent / "mail")
    failed = 0
    try:
        stage.start()
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        for injection in plan:
            failed += not _run(injection, stage)
    finally:
        connection.close()
        stage.stop()
    return min(failed, 100)


def _run(injection: Injection, stage: Stage) -> bool:
    began = time.monotonic()
    told = ""
    try:
        scene = Scene(stage, Random(injection.name), injection.name)
        told = KINDS[injection.kind](scene)
        scene.settle()
        scene.compare()
    except (NotIdentical, Hangs) as error:
        verdict, more = "DIFFERS", "\n    ".join(["", *str(error).splitlines()])
    except CannotRun as reason:
        print(f"left out {injection.kind} SEED={injection.seed} ONLY={injection.number}: {reason}", flush=True)
        return True
    except Exception:  # noqa: BLE001  a fault of the suite itself must not cost the rest of the run
        verdict, more = "DIFFERS", "\n    ".join(["", *traceback.format_exc().splitlines()])
    else:
        verdict, more = "identical", ""
    line = f"{verdict} {injection.kind} SEED={injection.seed} ONLY={injection.number} {time.monotonic() - began:.1f} s {told}"
    print(line + more, flush=True)
    return not more


if __name__ == "__main__":
    sys.exit(main())
