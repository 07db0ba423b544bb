"""A part of `make faults`: each kind of injection once or more, on real servers of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.faults.archive_kinds import ARCHIVE_KINDS
from tests.faults.bucket_kinds import BUCKET_ARCHIVE_KINDS, BUCKET_KINDS
from tests.faults.celery_kinds import CELERY_KINDS
from tests.faults.claims import CLAIM_KINDS
from tests.faults.kinds import KINDS
from tests.faults.plan import ROUND, plan
from tests.faults.push import PUSH_KINDS
from tests.mailhost.programs import program, require_root

COUNT = len(ROUND)


def test_each_kind_of_injection_is_in_every_round() -> None:
    assert {injection.kind for injection in plan(count=COUNT, seed=1)} == set(
        KINDS | CELERY_KINDS | CLAIM_KINDS | ARCHIVE_KINDS | PUSH_KINDS | BUCKET_KINDS | BUCKET_ARCHIVE_KINDS
    )


def test_an_injection_is_found_again_by_its_seed_and_number() -> None:
    (again,) = plan(count=1, seed=7, only=["33"])
    assert again == plan(count=40, seed=7)[33]


def test_after_every_kind_of_fault_all_is_as_if_nothing_had_been() -> None:
    require_root()
    program("dovecot")
    command = [sys.executable, "-m", "tests.faults", "--count", str(COUNT), "--seed", "1"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    left_out = [line for line in run.stdout.splitlines() if line.startswith("left out ")]
    if left_out:
        pytest.skip(left_out[0])
    assert f"{COUNT} injections, {COUNT} identical" in run.stdout
