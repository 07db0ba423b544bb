"""Senders of mails that really came through Postfix and Dovecot, with keys from a real name server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.db.models import CharField
from django.db.models.functions import Cast
from django.test import override_settings

from reports.ingest import sender_checks, senders_again
from reports.ingest.pipeline import ingest_bytes
from reports.ingest.sender.judge import Sender
from reports.ingest.sender.keys import Keys, LookupFailed, silent
from reports.ingest.sender_checks import ASKED_AGAIN_AFTER, ASKED_FOR, check_due
from reports.ingest.senders_again import JUDGED_AGAIN, make_due
from reports.ingest.visit import visit
from reports.models import AggregateReport, DomainDay, Mailbox, Message, Organisation
from reports.vocabulary import Channel
from tests.mailhost.daemon import free_port
from tests.mailhost.dkim_keys import DkimKey, make_key, txt
from tests.mailhost.dovecot import Dovecot
from tests.mailhost.host import name_server
from tests.mailhost.nameserver import NameServer
from tests.reports.mailboxes import make_mailbox
from tests.reports.samples import report_mail
from tests.reports.stored import make_organisation, record, report

OURS = "mx.example.com"
HOP = b"Received: from a.example by mx.example.com with ESMTPS id 1; Tue, 14 Nov 2023 22:13:20 +0000\r\n"


@pytest.fixture(scope="module")
def key() -> DkimKey:
    return make_key("receiver.example")


@pytest.fixture(scope="module")
def server(key: DkimKey) -> Iterator[NameServer]:
    two = [txt("two._domainkey.receiver.example", "v=DKIM1; p="), txt("two._domainkey.receiver.example", "v=spf1")]
    long = [txt("long._domainkey.receiver.example", "p=" + "A" * 3000)]
    with name_server(records=[key.record(), *two, *long]) as server:
        yield server


@pytest.fixture
def organisation(db: None) -> Organisation:
    return make_organisation(trusted_authserv_ids=[OURS])


def letter(report_id: str = "r-1") -> bytes:
    mail = report_mail((report(record(), report_id=report_id), "report.xml"))
    return mail.as_bytes().replace(b"\n", b"\r\n")


def checks() -> list[tuple[str, str, str, str]]:
    rows = Message.objects.order_by("pk")
    return list(rows.values_list("sender_check", "sender_reason", "sender_domain", "sender_by"))


def check(lookup: object = silent, *, at: datetime | None = None) -> int:
    now = at or datetime.now(UTC)
    return check_due(clock=lambda: now, until=now + timedelta(minutes=1), lookup=lookup)  # type: ignore[arg-type]


@override_settings(OUTGOING_ALLOWED_NETWORKS=[ip_network("127.0.0.0/8"), ip_network("::1/128")])
def test_mails_of_a_real_mailbox(
    dovecot: Dovecot, organisation: Organisation, key: DkimKey, server: NameServer
) -> None:
    mailbox = make_mailbox(dovecot, organisation)
    said = f"Authentication-Results: {OURS}; dmarc=pass header.from=receiver.example\r\n".encode()
    for content in (key.sign(letter("r-1")), said + HOP + letter("r-2"), HOP + said + letter("r-3")):
        dovecot.append(mailbox.settings["username"], content)
    assert visit(mailbox.pk, clock=lambda: datetime.now(UTC))
    assert [each[0] for each in checks()] == ["unknown"] * 3
    assert check(Keys([("127.0.0.1", server.port)])) == 3
    assert checks() == [
        ("verified", "signature_holds", "receiver.example", "receiver.example"),
        ("verified", "server_vouches", "receiver.example", OURS),
        ("unverified", "no_signature", "receiver.example", ""),
    ]
    assert check() == 0


def test_what_a_person_hands_in_brings_no_results_of_a_server(organisation: Organisation) -> None:
    said = f"Authentication-Results: {OURS}; dmarc=pass header.from=receiver.example\r\n".encode()
    for data in (said + HOP + letter(), report(record(), report_id="r-9")):
        ingest_bytes(data, organisation=organisation, channel=Channel.UPLOAD, at=datetime.now(UTC))
    assert check() == 2
    assert [each[:2] for each in checks()] == [("unverified", "no_signature"), ("unknown", "not_a_mail")]


def test_a_silent_name_server_is_asked_again_for_three_days(organisation: Organisation, key: DkimKey) -> None:
    now = datetime.now(UTC)
    ingest_bytes(key.sign(letter()), organisation=organisation, channel=Channel.IMAP, at=now)
    assert check(at=now + timedelta(seconds=5)) == 1
    assert checks()[0][:2] == ("unknown", "dns_silent")
    assert check(at=now + ASKED_AGAIN_AFTER / 2) == 0
    assert check(at=now + 2 * ASKED_AGAIN_AFTER) == 1
    assert check(at=now + ASKED_FOR + timedelta(hours=1)) == 1
    assert check(at=now + 2 * ASKED_FOR) == 0


def test_a_mail_that_cannot_be_judged_holds_up_no_other(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    judge = sender_checks.judge

    def failing(data: bytes, **options: Any) -> Sender:
        if b"r-2" in data:
            raise RecursionError
        return judge(data, **options)

    monkeypatch.setattr(sender_checks, "judge", failing)
    for number in range(1, 4):
        mail = report(record(), report_id=f"r-{number}")
        data = b"From: a@receiver.example\n\n" + mail
        ingest_bytes(data, organisation=organisation, channel=Channel.IMAP, at=datetime.now(UTC))
    assert check() == 3
    assert [each[1] for each in checks()] == ["no_signature", "head_damaged", "no_signature"]
    assert "cannot be judged" in caplog.text


def test_messages_without_reports_are_not_asked_about(organisation: Organisation) -> None:
    ingest_bytes(
        b"From: a@example.com\n\nlunch?", organisation=organisation, channel=Channel.IMAP, at=datetime.now(UTC)
    )
    assert check() == 0
    assert Message.objects.get().sender_due_at is None


def test_keys_are_looked_up_once_and_only_where_there_is_one(server: NameServer) -> None:
    keys = Keys([("127.0.0.1", server.port)])
    assert (keys("s1._domainkey.receiver.example.") or b"").startswith(b"v=DKIM1; k=rsa; p=")
    assert keys("none._domainkey.receiver.example.") is None
    assert keys("two._domainkey.receiver.example.") is None
    assert keys("long._domainkey.receiver.example.") is None
    assert keys("x" * 70 + ".receiver.example.") is None
    assert keys("a..receiver.example.") is None


def test_nobody_at_home_is_no_answer() -> None:
    with pytest.raises(LookupFailed):
        Keys([("127.0.0.1", free_port())], seconds=0.5)("s1._domainkey.receiver.example.")
    with pytest.raises(LookupFailed):
        Keys([("127.0.0.1", free_port())], seconds=-1)("s1._domainkey.receiver.example.")


def _in_a_mailbox(organisation: Organisation, *data: bytes, at: datetime) -> None:
    """Mails as a visit leaves them behind; no server runs for it."""
    mailbox = Mailbox.objects.create(organisation=organisation, name="reports", kind="imap", secret=b"")
    for each in data:
        ingest_bytes(each, organisation=organisation, channel=Channel.IMAP, at=at)
    Message.objects.update(mailbox=mailbox, key=Cast("pk", CharField()), sender_due_at=at)


def test_mails_are_judged_again_when_the_trusted_servers_change(organisation: Organisation, key: DkimKey) -> None:
    now = datetime.now(UTC)
    theirs = b"Authentication-Results: mx2.example.com; dmarc=pass header.from=receiver.example\r\n"
    ours = f"Authentication-Results: {OURS}; dmarc=pass header.from=receiver.example\r\n".encode()
    _in_a_mailbox(organisation, theirs + HOP + letter("r-1"), ours + HOP + letter("r-2"), letter("r-3"), at=now)
    check(at=now)
    assert [each[0] for each in checks()] == ["unverified", "verified", "unverified"]
    later = now + timedelta(hours=1)
    Organisation.objects.update(trusted_authserv_ids=["mx2.example.com"], servers_changed_at=later)
    assert (make_due(at=later), make_due(at=later)) == (3, 0)
    assert Organisation.objects.get().servers_changed_at is None
    assert check(at=later) == 3
    assert checks() == [
        ("verified", "server_vouches", "receiver.example", "mx2.example.com"),
        ("unverified", "no_signature", "receiver.example", ""),
        ("unverified", "no_signature", "receiver.example", ""),
    ]


def test_who_loses_its_proof_no_longer_takes_the_place_of_another(organisation: Organisation) -> None:
    now = datetime.now(UTC)
    ours = f"Authentication-Results: {OURS}; dmarc=pass header.from=receiver.example\r\n".encode()
    mails = [
        said + HOP + report_mail((report(record(count=count)), "report.xml")).as_bytes().replace(b"\n", b"\r\n")
        for said, count in ((b"", 2), (ours, 3))
    ]
    _in_a_mailbox(organisation, *mails, at=now)
    check(at=now)
    counted = AggregateReport.objects.order_by("pk").values_list("messages", "is_counted")
    assert list(counted) == [(2, False), (3, True)]
    Organisation.objects.update(trusted_authserv_ids=[], servers_changed_at=now + timedelta(hours=1))
    make_due(at=now + timedelta(hours=1))
    check(at=now + timedelta(hours=1))
    assert list(counted.all()) == [(2, True), (3, True)]
    assert sum(DomainDay.objects.values_list("messages", flat=True)) == 5


def test_old_mails_thrown_away_bytes_and_signatures_that_held_are_not_judged_again(
    organisation: Organisation, key: DkimKey, server: NameServer
) -> None:
    now = datetime.now(UTC)
    _in_a_mailbox(organisation, key.sign(letter("r-1")), letter("r-2"), letter("r-3"), at=now)
    check(Keys([("127.0.0.1", server.port)]), at=now)
    old, gone = Message.objects.order_by("pk")[1:]
    Message.objects.filter(pk=old.pk).update(received_at=now - JUDGED_AGAIN)
    Message.objects.filter(pk=gone.pk).update(raw=None)
    Organisation.objects.update(servers_changed_at=now + timedelta(minutes=1))
    assert make_due(at=now + timedelta(minutes=1)) == 0
    assert not Message.objects.filter(sender_due_at__isnull=False).exists()


def test_many_mails_are_made_due_some_at_a_time(organisation: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(senders_again, "TOGETHER", 2)
    now = datetime.now(UTC)
    _in_a_mailbox(organisation, *(letter(f"r-{place}") for place in range(5)), at=now)
    check(at=now)
    later = now + timedelta(minutes=1)
    Organisation.objects.update(servers_changed_at=later)
    made = []
    for _ in range(4):
        made.append((make_due(at=later), make_due(at=later)))
        check(at=later + timedelta(seconds=1))
    assert made == [(2, 0), (2, 0), (1, 0), (0, 0)]
    assert Organisation.objects.get().servers_changed_at is None
