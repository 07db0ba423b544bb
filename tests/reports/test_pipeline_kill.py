"""kill -9 of a real worker process between each two steps of a visit: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from reports.ingest.visit import LOCK_CLASS
from reports.models import Mailbox, Message
from tests.mailhost.dovecot import Dovecot
from tests.reports.mailboxes import contents, make_mailbox
from tests.reports.samples import failure_mail, report_mail
from tests.reports.stored import make_organisation, record, report

STEPS = ("fetched", "taken in", "read", "stored", "committed", "told the server", "acknowledged")
ROOT = Path(__file__).resolve().parents[2]


def _mail(*records: str, report_id: str) -> bytes:
    mail = report_mail((report(*records, report_id=report_id), "report.xml"))
    mail.replace_header("Subject", f"Report {report_id}")
    mail.set_boundary(f"boundary-{report_id}")
    return mail.as_bytes()


MAILS = (
    _mail(record("192.0.2.1", 3), record("192.0.2.2", 4, dkim="pass"), report_id="r-1"),
    _mail(record("192.0.2.1", 5), record("nowhere"), report_id="r-2"),
    _mail(record("192.0.2.1", 3), record("192.0.2.2", 4, dkim="pass"), report_id="r-1") + b"\n",
    _mail(record("192.0.2.9", 6), report_id="r-1"),
    failure_mail(),
    b"From: somebody@example.com\nSubject: lunch\n\nAt noon?\n",
    report_mail((b"PK\x03\x04 no zip", "report.zip")).as_bytes().replace(b"=====", b"equal"),
)


def _work(mailbox: Mailbox, step: str, *, environ: Mapping[str, str], hours: int = 0) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "tests.reports.killed_visit", str(mailbox.pk), step, str(hours)],
        cwd=ROOT,
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    with connection.cursor() as cursor:  # until the server has noticed that the process is gone
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, mailbox.pk])
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, mailbox.pk])
    return done.returncode


@pytest.fixture
def environ() -> dict[str, str]:
    """The environment of a worker that uses this test's database and keys."""
    database = settings.DATABASES["default"]
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "dmarcsite.settings",
        "DATABASE_URL": f"postgresql://{database['USER']}@/{connection.settings_dict['NAME']}?host={database['HOST']}"
        if str(database["HOST"]).startswith("/")
        else os.environ["DATABASE_URL"],
        "SEKIMORI_OUTGOING_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
    }


def _filled(dovecot: Dovecot, slug: str) -> Mailbox:
    mailbox = make_mailbox(
        dovecot,
        make_organisation(slug),
        handled_action=Mailbox.Action.MOVE,
        handled_folder="Handled",
        refused_action=Mailbox.Action.FLAG,
    )
    for content in MAILS:
        dovecot.append(mailbox.settings["username"], content)
    return mailbox


def _mail_left(dovecot: Dovecot, mailbox: Mailbox) -> dict[str, list[tuple[bytes, tuple[bytes, ...]]]]:
    return {
        folder: [
            (content, tuple(sorted(flags - {b"\\Recent"})))
            for content, flags in dovecot.messages(mailbox.settings["username"], folder=folder)
        ]
        for folder in ("INBOX", "Handled")
    }


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_after_any_step_loses_and_repeats_nothing(dovecot: Dovecot, environ: dict[str, str]) -> None:
    undisturbed = _filled(dovecot, "undisturbed")
    assert _work(undisturbed, "", environ=environ) == 0
    expected, left = contents(undisturbed.organisation), _mail_left(dovecot, undisturbed)
    assert [len(rows) for rows in expected.values()] == [7, 7, 3, 4, 1, 3, 2]
    assert [len(mails) for mails in left.values()] == [2, 5]
    for step in STEPS:
        killed = _filled(dovecot, f"killed-{STEPS.index(step)}")
        assert _work(killed, step, environ=environ) == -signal.SIGKILL, step
        assert _work(killed, "", environ=environ) == 0, step
        assert contents(killed.organisation) == expected, step
        assert _mail_left(dovecot, killed) == left, step


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_kills_its_reader_is_refused_in_the_end_and_holds_up_no_other(
    dovecot: Dovecot, environ: dict[str, str]
) -> None:
    mailbox = _filled(dovecot, "poisoned")
    for step, hours in (("taken in", 0), ("read", 0), ("read", 1), ("read", 1)):
        assert _work(mailbox, step, environ=environ, hours=hours) == -signal.SIGKILL
    assert _work(mailbox, "", environ=environ, hours=2) == 0
    ended = Message.objects.order_by("pk").values_list("outcome", "reason", "tries")
    assert list(ended)[:3] == [("refused", "reader_failed", 3), ("partial", "rows_rejected", 3), ("stored", "", 2)]
    assert not Message.objects.filter(acknowledged_at__isnull=True).exists()
