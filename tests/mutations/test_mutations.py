"""Ten thousand spoilt report mails: reading raises nothing, hangs nowhere and stays small; and some of them are stored."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reports.vocabulary import Outcome, Reason
from tests.mutations.mutate import mutated
from tests.reports.stored import make_organisation, upload

COUNT = 10_000
STORED = 300


def test_a_mutation_is_the_same_each_time() -> None:
    assert mutated(1, 17) == mutated(1, 17)
    assert mutated(1, 17) != mutated(2, 17)


def test_ten_thousand_mutations_are_survived() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.mutations", "--count", str(COUNT)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith(f"{COUNT} mutations in ")


@pytest.mark.django_db
def test_whatever_is_read_from_a_mutation_can_be_stored() -> None:
    organisation = make_organisation()
    results = [upload(mutated(2, number)[1], organisation=organisation, filename="x.gz") for number in range(STORED)]
    assert [number for number, result in enumerate(results) if result.reason == Reason.READER_FAILED] == []
    assert {result.outcome for result in results} == set(Outcome)
