"""One lane: its own servers, and injections one after the other on them. Started by `python -m tests.faults`."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from tests.faults.plan import Injection, read_plan

from tests.faults import crew  # isort: skip  (sets Django up before anything asks for a model)

from django.core.management import call_command
from django.db import connection

from dmarcsite.services.places import DATABASE
from reports.rollups.check import check_rollups
from tests.faults.archive import ArchiveScene
from tests.faults.archive_kinds import ARCHIVE_KINDS
from tests.faults.bucket_kinds import BUCKET_ARCHIVE_KINDS, BUCKET_KINDS
from tests.faults.celery_kinds import CELERY_KINDS
from tests.faults.claims import CLAIM_KINDS
from tests.faults.kinds import IMAP_ONLY, KINDS
from tests.faults.places import IMAP
from tests.faults.push import PUSH_KINDS, PushScene
from tests.faults.scene import PLACES, CannotRun, NotIdentical, Scene
from tests.faults.stage import Stage
from tests.faults.workers import Hangs
from tests.reports.stored import NOW

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
        connection.close()
        stage.copy_database(stage.EMPTY, of=DATABASE)
        for injection in plan:
            failed += not _run(injection, stage)
        connection.close()
        if wrong := check_rollups(at=NOW, repair=False).differing:  # a sum may be wrong with and without a fault alike
            print(f"DIFFERS sums: {wrong} do not say what their rows say", flush=True)
            failed += 1
    finally:
        connection.close()
        stage.stop()
    return min(failed, 100)


def _run(injection: Injection, stage: Stage) -> bool:
    began = time.monotonic()
    told = ""
    try:
        scene, hurt = _scene_of(injection, stage)
        told = hurt()
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


def _scene_of(injection: Injection, stage: Stage) -> tuple[Scene | ArchiveScene | PushScene, Callable[[], str]]:
    kind, rng = injection.kind, Random(injection.name)
    if kind in ARCHIVE_KINDS | BUCKET_ARCHIVE_KINDS:
        archive = ArchiveScene(stage, rng, injection.name)
        return archive, partial((ARCHIVE_KINDS | BUCKET_ARCHIVE_KINDS)[kind], archive)
    if kind in PUSH_KINDS:
        push = PushScene(stage, rng, injection.name)
        return push, partial(PUSH_KINDS[kind], push)
    places = (IMAP,) if kind in IMAP_ONLY else PLACES
    scene = Scene(stage, rng, injection.name, places, has_bucket=kind in BUCKET_KINDS)
    return scene, partial((KINDS | CELERY_KINDS | CLAIM_KINDS | BUCKET_KINDS)[kind], scene)


if __name__ == "__main__":
    sys.exit(main())
