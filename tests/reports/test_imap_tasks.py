"""What beat starts: due mailboxes are visited through the tasks, by the names that the schedule gives them."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from pytest_django import Settings

from dmarcsite.celery import app
from dmarcsite.schedule import BEAT_SCHEDULE
from reports.models import Mailbox, Message
from tests.mailhost.dovecot import Dovecot
from tests.reports.mailboxes import make_mailbox
from tests.reports.samples import XML, report_mail
from tests.reports.stored import NOW, make_organisation

DISPATCH = BEAT_SCHEDULE["dispatch due mailboxes"]["task"]


@pytest.fixture(autouse=True)
def _tasks_run_at_once(settings: Settings) -> Iterator[None]:
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    app.loader.import_default_modules()
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False


@pytest.mark.django_db(transaction=True)
def test_a_due_mailbox_is_visited_and_one_that_is_not_due_is_not(dovecot: Dovecot) -> None:
    organisation = make_organisation()
    due, disabled = make_mailbox(dovecot, organisation), make_mailbox(dovecot, organisation, is_enabled=False)
    for mailbox in (due, disabled):
        dovecot.append(mailbox.settings["username"], report_mail((XML, "report.xml")).as_bytes())
    app.tasks[DISPATCH].delay()
    assert [message.mailbox for message in Message.objects.all()] == [due]
    assert Mailbox.objects.get(pk=due.pk).due_at > NOW
    app.tasks[DISPATCH].delay()
    assert Message.objects.get().outcome == "stored"


@pytest.mark.parametrize("entry", [entry for entry in BEAT_SCHEDULE.values() if entry["task"].startswith("reports.")])
def test_every_task_of_the_schedule_exists_and_expires_before_it_is_due_again(entry: dict[str, object]) -> None:
    assert entry["task"] in app.tasks
    options = entry["options"]
    assert isinstance(options, dict)
    period = entry["schedule"] if isinstance(entry["schedule"], float) else 24 * 60 * 60  # else a time of the day
    assert 0 < options["expires"] < period
