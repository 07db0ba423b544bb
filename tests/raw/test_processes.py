"""Several workers at once, and kill -9 of one while its mails are on their way: no mail is lost, no object is left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from reports.ingest import raw
from reports.ingest.raw import loose
from reports.models import LooseObject, Message, RawMessage
from reports.retention.run import _let_bytes_go
from reports.retention.turn import turn
from tests.places.yards import FolderYard
from tests.raw.conftest import Chest
from tests.raw.test_keeping import take_in, tidy
from tests.reports.mailboxes import contents
from tests.reports.samples import report_mail
from tests.reports.stored import make_organisation, record, report

ROOT = Path(__file__).resolve().parents[2]
MAILS = 5


def _mail(number: int) -> bytes:
    mail = report_mail((report(record(), report_id=f"r-{number}"), "report.xml"))
    mail.set_boundary(f"boundary-{number}")
    return mail.as_bytes()


def _yard(slug: str, root: Path) -> FolderYard:
    yard = FolderYard(make_organisation(slug), root=root)
    for number in range(MAILS):
        yard.put(_mail(number))
    return yard


def _visit(yard: FolderYard, chest: Chest, root: Path, *, kill_after: int | None = None) -> int:
    bucket, host = chest.address, django_settings.DATABASES["default"]["HOST"]
    database = django_settings.DATABASES["default"]
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "dmarcsite.settings",
        "DATABASE_URL": f"postgresql://{database['USER']}@/{connection.settings_dict['NAME']}?host={host}"
        if str(host).startswith("/")
        else os.environ["DATABASE_URL"],
        "SEKIMORI_LOCAL_PLACES_ROOT": str(root),
        "SEKIMORI_RAW_STORE": f"s3://{bucket.name}/{bucket.prefix}?endpoint={bucket.endpoint_url}&region={bucket.region}",
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.raw.killed_visit", str(yard.mailbox.pk)], cwd=ROOT, env=environ,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    chest.door.victim, chest.door.kill_after = worker.pid, kill_after
    _, said = worker.communicate(timeout=60)
    assert worker.returncode in {0, -signal.SIGKILL}, said
    return worker.returncode


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_among_its_objects_leaves_no_row_without_bytes_and_no_object_without_a_note(
    chest: Chest, tmp_path: Path, settings: Any
) -> None:
    settings.LOCAL_PLACES_ROOT = str(tmp_path)
    undisturbed, killed = _yard("undisturbed", tmp_path), _yard("killed", tmp_path)
    assert _visit(undisturbed, chest, tmp_path) == 0
    expected = contents(undisturbed.mailbox.organisation)
    ours = f"{killed.mailbox.organisation_id}/"
    for objects in (1, MAILS):
        assert _visit(killed, chest, tmp_path, kill_after=objects) == -signal.SIGKILL
        there = {name for name in chest.names() if name.startswith(ours)}
        assert len(there) >= objects
        assert there <= set(LooseObject.objects.values_list("name", flat=True))
        assert not Message.objects.filter(organisation=killed.mailbox.organisation).exists()
    killed.drop_first()  # somebody takes a mail away meanwhile: its object belongs to nobody now
    assert _visit(killed, chest, tmp_path) == 0
    found = contents(killed.mailbox.organisation)
    assert {table: len(rows) for table, rows in found.items()} == {
        table: len(rows) - (table in {"messages", "raw", "reports", "rows"}) for table, rows in expected.items()
    }
    at = timezone.now() + timedelta(days=2)
    assert loose.let_go(clock=lambda: at, until=at + timedelta(seconds=1)) == 1
    assert LooseObject.objects.count() == 0
    rows = RawMessage.objects.filter(organisation=killed.mailbox.organisation)
    assert sorted(map(raw.bytes_of, rows)) == sorted(_mail(number) for number in range(1, MAILS))
    assert len(chest.names()) == MAILS + MAILS - 1


@pytest.mark.django_db(transaction=True)
def test_workers_that_bring_the_same_at_once_keep_it_once_beside_one_that_throws_it_away(chest: Chest) -> None:
    organisation = make_organisation("org")
    contents = [b"mail %d" % number for number in range(20)]
    start = Barrier(4)

    def bring(_: int) -> None:
        try:
            start.wait()
            take_in(organisation, *contents)
        finally:
            connection.close()

    def throw_away_and_tidy(_: int) -> None:
        try:
            start.wait()
            with turn():
                _let_bytes_go(RawMessage.objects.filter(messages=None).values_list("pk", flat=True))
            tidy()
        finally:
            connection.close()

    for _ in range(5):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda work: work(0), [bring, throw_away_and_tidy, bring, bring]))
        rows = RawMessage.objects.filter(organisation=organisation).order_by("size", "pk")
        assert sorted(map(raw.bytes_of, rows)) == sorted(contents)
        tidy(after=timedelta(days=2))
        assert LooseObject.objects.count() == 0
        assert sorted(map(raw.bytes_of, rows)) == sorted(contents)
        assert len(chest.names()) == rows.filter(sealed=None).count()
        Message.objects.update(raw=None)  # so that they are all thrown away in the next round, or brought again first
