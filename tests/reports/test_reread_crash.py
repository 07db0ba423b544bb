"""kill -9 of a re-read at any step, and ingestion at the same time: the end is the same as without."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from reports import jobs
from reports.models import AggregateReport, AggregateRow, Job, Organisation
from reports.reread.run import run
from reports.vocabulary import JobKind
from tests.reports.stored import NOW, make_organisation, record, report, rows_of
from tests.reports.test_reread import LATER, bring, fill, mail, tables

ROOT = Path(__file__).resolve().parents[2]


def _start(organisation: Organisation) -> Job:
    return jobs.start(JobKind.REREAD, organisation=organisation, parameters={}, total=8, at=NOW)


def _work(job: Job, step: int, *, environ: Mapping[str, str]) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "tests.reports.killed_reread", str(job.pk), str(step)],
        cwd=ROOT, env=dict(environ), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    with connection.cursor() as cursor:  # until the server has noticed that the process is gone
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [jobs.LOCK_CLASS, job.pk])
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [jobs.LOCK_CLASS, job.pk])
    return done.returncode


@pytest.fixture
def environ() -> dict[str, str]:
    database = settings.DATABASES["default"]
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "dmarcsite.settings",
        "DATABASE_URL": f"postgresql://{database['USER']}@/{connection.settings_dict['NAME']}?host={database['HOST']}"
        if str(database["HOST"]).startswith("/")
        else os.environ["DATABASE_URL"],
    }


def _spoil() -> None:
    AggregateRow.objects.update(count=1000)
    AggregateReport.objects.update(org_name="Old", is_conflicting=False)


@pytest.mark.django_db(transaction=True)
def test_a_reread_killed_at_any_step_ends_as_without(environ: dict[str, str]) -> None:
    organisation = make_organisation()
    fill(organisation)
    expected = tables()
    for step in (1, 2, 3, 5, 8):
        _spoil()
        job = _start(organisation)
        assert _work(job, step, environ=environ) == -signal.SIGKILL
        assert _work(job, 0, environ=environ) == 0
        job.refresh_from_db()
        assert (job.state, job.done, job.total, job.result["read"]) == ("done", 8, 8, 8), step
        assert tables() == expected, step


@pytest.mark.django_db(transaction=True)
def test_rereading_and_reading_at_once_count_everything_once() -> None:
    organisation = make_organisation()
    numbers = range(100, 112)
    for number in numbers:
        bring(mail(report(record(count=number), report_id=f"r-{number % 4}"), number=number), organisation)
    _spoil()
    job = _start(organisation)

    def read_more(number: int) -> None:
        try:
            known = report(record(count=100 + number % 12), report_id=f"r-{number % 4}")
            bring(mail(known, number=1000 + number), organisation, hours=1)
        finally:
            connection.close()

    def read_again() -> bool:
        try:
            return run(job.pk, clock=lambda: LATER + timedelta(hours=1))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        again = pool.submit(read_again)
        list(pool.map(read_more, range(24)))
        assert again.result()
    sums: list[tuple[Any, ...]] = rows_of(
        "SELECT messages, sightings, is_conflicting FROM reports_aggregatereport ORDER BY 1"
    )
    assert sums == [(number, 3, True) for number in numbers]
    assert rows_of("SELECT sum(messages) FROM reports_domainday") == [(sum(numbers),)]
    assert rows_of("SELECT count(*) FROM reports_sighting") == [(24,)]
