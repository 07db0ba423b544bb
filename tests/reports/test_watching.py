"""Mail is read as soon as the server tells of it; a real Dovecot, a real watcher."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from threading import Event, Thread
from typing import Any

import pytest
from django.utils import timezone

from reports.ingest.watching import Watcher
from reports.models import Mailbox, Message
from tests.mailhost.dovecot import Dovecot
from tests.reports.mailboxes import change_settings, make_mailbox
from tests.reports.samples import XML, report_mail
from tests.reports.stored import make_organisation, record, report

pytestmark = pytest.mark.django_db(transaction=True)
MAIL = report_mail((XML, "a.xml")).as_bytes()
OTHER = report_mail((report(record(), report_id="r-2"), "b.xml")).as_bytes()


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


@pytest.fixture
def mailbox(dovecot: Dovecot, settings: Any) -> Mailbox:
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    found = make_mailbox(dovecot, make_organisation())
    change_settings(found, notify=True)
    return found


@pytest.fixture
def watcher(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watcher]:
    monkeypatch.setattr("reports.ingest.watching.LOOK_SECONDS", 0.05)
    monkeypatch.setattr("reports.ingest.watching.FIRST_PAUSE", 0.1)
    monkeypatch.setattr("reports.ingest.places.imap_folder.HEARD_SECONDS", 0.05)
    stop = Event()
    watcher = Watcher(clock=timezone.now, stop=stop)
    thread = Thread(target=watcher.run)
    thread.start()
    yield watcher
    stop.set()
    thread.join()


def count() -> int:
    return Message.objects.filter(outcome__isnull=False).count()


def test_mail_is_read_when_it_arrives_and_again_after_the_server_came_back(
    dovecot: Dovecot, mailbox: Mailbox, watcher: Watcher
) -> None:
    user = mailbox.settings["username"]
    until(lambda: Mailbox.objects.get().last_success_at is not None)
    dovecot.append(user, MAIL)
    until(lambda: count() == 1)
    dovecot.stop()
    dovecot.start()
    dovecot.append(user, OTHER)
    until(lambda: count() == 2)


def test_a_mailbox_that_is_no_longer_to_be_watched_is_let_go(mailbox: Mailbox, watcher: Watcher) -> None:
    until(lambda: Mailbox.objects.get().last_success_at is not None)
    assert len(watcher._threads) == 1
    change_settings(mailbox, notify=False)
    until(lambda: not watcher._threads)


def test_a_server_without_idle_is_left_to_the_interval(
    dovecot: Dovecot, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("reports.ingest.places.imap_folder.ImapFolder.can_notify", False)
    caplog.set_level("INFO")
    stop = Event()
    watcher = Watcher(clock=timezone.now, stop=stop)
    thread = Thread(target=watcher.run)
    thread.start()
    until(lambda: "has no IDLE" in caplog.text)
    stop.set()
    thread.join()
    assert Mailbox.objects.get().last_visit_at is None
