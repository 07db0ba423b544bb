"""Senders of mails that really came through Postfix and Dovecot, with keys from a real name server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.test import override_settings

from reports.ingest.pipeline import ingest_bytes
from reports.ingest.sender.keys import Keys, LookupFailed, silent
from reports.ingest.sender_checks import ASKED_AGAIN_AFTER, ASKED_FOR, check_due
from reports.ingest.visit import visit
from reports.models import Message, Organisation
from reports.vocabulary import Channel
from tests.mailhost.daemon import free_port
from tests.mailhost.dkim_keys import DkimKey, make_key, txt
from tests.mailhost.dovecot import Dovecot
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
def server(key: DkimKey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NameServer]:
    directory = tmp_path_factory.mktemp("dns")
    directory.chmod(0o755)
    two = [txt("two._domainkey.receiver.example", "v=DKIM1; p="), txt("two._domainkey.receiver.example", "v=spf1")]
    long = [txt("long._domainkey.receiver.example", "p=" + "A" * 3000)]
    server = NameServer(Path(directory), records=[key.record(), *two, *long])
    server.start()
    yield server
    server.stop()


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
