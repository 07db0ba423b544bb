"""Visits to a real Dovecot: what is fetched, what becomes of the mail, what a person learns from a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.db import connection
from pytest_django import Settings

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest.mailbox_changes import change_mailbox
from reports.ingest.places.imap import ImapWay, imap_way
from reports.ingest.places.imap_account import ImapAccount, Tls
from reports.ingest.places.imap_folder import ImapFolder
from reports.ingest.places.place import Mark, open_place
from reports.ingest.places.place import test_way as try_way
from reports.ingest.places.secrets import sealed_secret
from reports.ingest.visit import LOCK_CLASS, claim_due, visit
from reports.models import AggregateReport, Mailbox, Message, Organisation, RawMessage
from reports.viewer import Viewer
from reports.vocabulary import MailboxFault, Outcome, Role
from tests.mailhost.dovecot import Dovecot
from tests.reports.mailboxes import PASSWORD, change_settings, clock, contents, make_mailbox
from tests.reports.samples import XML, failure_mail, report_mail
from tests.reports.stored import NOW, make_organisation, record, report

HUMAN = b"From: somebody@example.com\nTo: reports@example.com\nSubject: lunch\n\nAt noon?\n"
BROKEN = report_mail((b"PK\x03\x04 no zip", "report.zip")).as_bytes()
GOOD = report_mail((XML, "report.xml")).as_bytes()

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings: Settings) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8"), ip_network("::1/128")]


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


def go(mailbox: Mailbox) -> Mailbox:
    """Visit, and read the mailbox anew."""
    assert visit(mailbox.pk, clock=clock)
    mailbox.refresh_from_db()
    return mailbox


def outcomes(mailbox: Mailbox) -> list[tuple[str | None, str, bool]]:
    found = Message.objects.filter(mailbox=mailbox).order_by("epoch", "key")
    return [(each.outcome, each.reason, each.acknowledged_at is not None) for each in found]


def flags(dovecot: Dovecot, mailbox: Mailbox, folder: str = "INBOX") -> list[set[bytes]]:
    return [set(found) - {b"\\Recent"} for _, found in dovecot.messages(mailbox.settings["username"], folder=folder)]


# --- Refusals ---------------------------------------------------------------------------------------------------------


def test_a_mailbox_behind_the_gate_is_not_reached(
    dovecot: Dovecot, organisation: Organisation, settings: Settings
) -> None:
    mailbox = make_mailbox(dovecot, organisation)
    settings.OUTGOING_ALLOWED_NETWORKS = []
    assert go(mailbox).error_code == MailboxFault.ADDRESS_REFUSED


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"host": "no-such-host.invalid"}, MailboxFault.NAME_UNKNOWN),
        ({"port": 1}, MailboxFault.UNREACHABLE),
        ({"ca_certificate": ""}, MailboxFault.CERTIFICATE_UNTRUSTED),
        ({"ca_certificate": "nonsense"}, MailboxFault.CERTIFICATE_UNREADABLE),
        ({"host": "127.1"}, MailboxFault.CERTIFICATE_UNTRUSTED),
        ({"secret": sealed_secret("wrong")}, MailboxFault.LOGIN_REFUSED),
        ({"secret": b"\x01broken"}, MailboxFault.SECRET_UNREADABLE),
        ({"folder": "Nowhere"}, MailboxFault.FOLDER_MISSING),
    ],
)
def test_what_stops_a_visit_is_named_and_nothing_is_entered(
    dovecot: Dovecot, organisation: Organisation, change: dict[str, object], code: MailboxFault
) -> None:
    mailbox = make_mailbox(dovecot, organisation, **change)
    dovecot.append(mailbox.settings["username"], GOOD)
    assert go(mailbox).error_code == code
    assert (mailbox.failures, mailbox.last_success_at, mailbox.last_visit_at) == (1, None, NOW)
    assert not Message.objects.exists()


def test_mail_that_cannot_be_moved_stays_and_is_moved_when_it_can(dovecot: Dovecot, organisation: Organisation) -> None:
    mailbox = make_mailbox(
        dovecot, organisation, handled_action=Mailbox.Action.MOVE, handled_folder="no/such/separator"
    )
    dovecot.append(mailbox.settings["username"], GOOD)
    assert go(mailbox).error_code == MailboxFault.SERVER_REFUSED
    assert outcomes(mailbox) == [(Outcome.STORED, "", False)]
    assert flags(dovecot, mailbox) == [set()]
    Mailbox.objects.update(handled_folder="Handled")
    assert go(mailbox).error_code == ""
    assert outcomes(mailbox) == [(Outcome.STORED, "", True)]
    assert len(dovecot.messages(mailbox.settings["username"], folder="Handled")) == 1
    assert AggregateReport.objects.get().sightings == 1


def test_too_large_a_mail_is_refused_without_being_fetched(
    dovecot: Dovecot, organisation: Organisation, settings: Settings
) -> None:
    mailbox = make_mailbox(dovecot, organisation, refused_action=Mailbox.Action.FLAG)
    dovecot.append(mailbox.settings["username"], GOOD + b"x" * 5000)
    dovecot.append(mailbox.settings["username"], GOOD)
    settings.UPLOAD_LIMIT_BYTES = 4000
    go(mailbox)
    assert outcomes(mailbox) == [(Outcome.REFUSED, "too_large", True), (Outcome.STORED, "", True)]
    refused = Message.objects.get(reason="too_large")
    assert (refused.raw, refused.problems[0]["params"]["limit"]) == (None, "4000")
    assert int(refused.problems[0]["params"]["size"]) > 5000
    assert flags(dovecot, mailbox)[0] == {b"\\Flagged", b"$SekimoriRefused"}


def test_one_visit_at_a_time(dovecot: Dovecot, organisation: Organisation) -> None:
    mailbox = make_mailbox(dovecot, organisation)
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, mailbox.pk])
        assert not visit(mailbox.pk, clock=clock)
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, mailbox.pk])
    other.close()
    assert visit(mailbox.pk, clock=clock)


def test_a_mailbox_that_is_changed_during_a_visit_is_due_at_once_whatever_the_visit_found(
    dovecot: Dovecot, organisation: Organisation
) -> None:
    viewer = Viewer(1, "ann", organisation.pk, "ours", is_demo=False, role=Role.ADMINISTRATOR)
    mailbox = make_mailbox(dovecot, organisation, failures=9)
    dovecot.append(mailbox.settings["username"], GOOD)

    def change_and_fail(step: str) -> None:
        change_mailbox(Mailbox.objects.get(pk=mailbox.pk), password=PASSWORD, viewer=viewer, at=NOW)
        raise MailboxError(MailboxFault.CONNECTION_LOST)

    assert visit(mailbox.pk, clock=clock, checkpoint=change_and_fail)
    mailbox.refresh_from_db()
    assert (mailbox.due_at, mailbox.failures, mailbox.error_code, mailbox.last_visit_at) == (NOW, 0, "", NOW)
    assert go(mailbox).last_success_at == NOW


def test_a_mailbox_for_which_new_mail_was_told_during_a_visit_stays_due(
    dovecot: Dovecot, organisation: Organisation
) -> None:
    mailbox = make_mailbox(dovecot, organisation, due_at=NOW + timedelta(minutes=15))
    dovecot.append(mailbox.settings["username"], GOOD)

    def tell(step: str) -> None:
        Mailbox.objects.filter(pk=mailbox.pk).update(due_at=NOW)

    assert visit(mailbox.pk, clock=clock, checkpoint=tell)
    mailbox.refresh_from_db()
    assert (mailbox.due_at, mailbox.last_success_at) == (NOW, NOW)
    assert go(mailbox).due_at == NOW + timedelta(minutes=15)


def test_a_mailbox_that_is_gone_is_not_visited() -> None:
    assert not visit(999_999, clock=clock)


# --- What becomes of mail ---------------------------------------------------------------------------------------------


def test_mail_is_fetched_read_and_flagged_and_nothing_twice(dovecot: Dovecot, organisation: Organisation) -> None:
    mailbox = make_mailbox(dovecot, organisation)
    for content in (GOOD, HUMAN, BROKEN, GOOD, failure_mail()):
        dovecot.append(mailbox.settings["username"], content)
    go(mailbox)
    assert outcomes(mailbox) == [
        (Outcome.STORED, "", True),
        (Outcome.NOT_A_REPORT, "no_report_found", True),
        (Outcome.REFUSED, "damaged_archive", True),
        (Outcome.DUPLICATE, "stored_before", True),
        (Outcome.STORED, "", True),
    ]
    handled: set[bytes] = {b"\\Seen", b"$SekimoriRead"}
    untouched: set[bytes] = set()
    assert flags(dovecot, mailbox) == [handled, untouched, untouched, handled, handled]
    assert (mailbox.failures, mailbox.error_code, mailbox.last_success_at) == (0, "", NOW)
    assert mailbox.due_at == NOW + timedelta(minutes=15)
    before = contents(organisation)
    go(mailbox)
    assert contents(organisation) == before
    assert RawMessage.objects.count() == 4


def test_mail_that_is_left_stays_exactly_as_it_was(dovecot: Dovecot, organisation: Organisation) -> None:
    mailbox = make_mailbox(dovecot, organisation, handled_action=Mailbox.Action.LEAVE)
    dovecot.append(mailbox.settings["username"], GOOD)
    go(mailbox)
    assert outcomes(mailbox) == [(Outcome.STORED, "", True)]
    assert flags(dovecot, mailbox) == [set()]


def test_mail_is_moved_to_folders_that_are_made_where_they_are_missing(
    dovecot: Dovecot, organisation: Organisation
) -> None:
    mailbox = make_mailbox(
        dovecot,
        organisation,
        handled_action=Mailbox.Action.MOVE,
        handled_folder="Gelesen Größe",
        refused_action=Mailbox.Action.MOVE,
        refused_folder="Refused",
    )
    for content in (GOOD, HUMAN):
        dovecot.append(mailbox.settings["username"], content)
    go(mailbox)
    assert dovecot.messages(mailbox.settings["username"]) == []
    assert len(dovecot.messages(mailbox.settings["username"], folder="Gelesen Größe")) == 1
    assert outcomes(mailbox) == [(Outcome.STORED, "", True), (Outcome.NOT_A_REPORT, "no_report_found", True)]
    assert flags(dovecot, mailbox, "Refused") == [set()]


def test_starttls_secures_a_connection_that_begins_in_the_open(dovecot: Dovecot, organisation: Organisation) -> None:
    mailbox = make_mailbox(dovecot, organisation, port=dovecot.imap_port, tls=Tls.STARTTLS)
    dovecot.append(mailbox.settings["username"], GOOD)
    assert go(mailbox).error_code == ""
    assert outcomes(mailbox) == [(Outcome.STORED, "", True)]


def test_a_password_may_hold_more_than_ascii(dovecot: Dovecot, organisation: Organisation) -> None:
    (dovecot._users / "beyond").write_text("beyond:{PLAIN}päss wörd\n")
    mailbox = make_mailbox(dovecot, organisation, username="beyond", secret=sealed_secret("päss wörd"))
    assert go(mailbox).error_code == ""


def test_a_new_uidvalidity_enters_and_counts_nothing_again(dovecot: Dovecot, organisation: Organisation) -> None:
    mailbox = make_mailbox(dovecot, organisation, folder="Reports")
    with dovecot.connect(mailbox.settings["username"]) as client:
        client.create_folder("Reports")
    for content in (GOOD, HUMAN, GOOD):
        dovecot.append(mailbox.settings["username"], content, folder="Reports")
    go(mailbox)
    before = {name: rows for name, rows in contents(organisation).items() if name != "messages"}
    validity = set(Message.objects.values_list("epoch", flat=True))
    with dovecot.connect(mailbox.settings["username"]) as client:
        client.rename_folder("Reports", "Old")
        client.create_folder("Reports")
        client.append("Reports", HUMAN)
        client.append("Reports", GOOD)
        client.append("Reports", report_mail((report(record(), report_id="r-9"), "new.xml")).as_bytes())
    go(mailbox)
    assert len(Message.objects.exclude(epoch__in=validity)) == 3
    assert outcomes(mailbox) == [
        (Outcome.DUPLICATE, "stored_before", True),
        (Outcome.NOT_A_REPORT, "no_report_found", True),
        (Outcome.STORED, "", True),
        (Outcome.STORED, "", True),
    ]
    after = contents(organisation)
    assert [row for row in after["reports"] if row in before["reports"]] == before["reports"]
    assert AggregateReport.objects.count() == 2
    assert flags(dovecot, mailbox, "Reports") == [set(), {b"\\Seen", b"$SekimoriRead"}, {b"\\Seen", b"$SekimoriRead"}]


def test_each_failure_in_a_row_doubles_the_wait_up_to_six_hours(dovecot: Dovecot, organisation: Organisation) -> None:
    mailbox = make_mailbox(dovecot, organisation, folder="Nowhere")
    waits = [go(mailbox).due_at - NOW for _ in range(6)]
    assert waits == [timedelta(minutes=minutes) for minutes in (30, 60, 120, 240, 360, 360)]
    change_settings(mailbox, folder="INBOX")
    assert go(mailbox).due_at == NOW + timedelta(minutes=15)
    assert (mailbox.failures, mailbox.error_code, mailbox.error_detail) == (0, "", "")


def test_a_due_mailbox_is_given_to_one_caller(dovecot: Dovecot, organisation: Organisation) -> None:
    due = make_mailbox(dovecot, organisation)
    make_mailbox(dovecot, organisation, due_at=NOW + timedelta(seconds=1))
    make_mailbox(dovecot, organisation, is_enabled=False)
    assert claim_due(at=NOW) == [due.pk]
    assert claim_due(at=NOW) == []


# --- Testing a connection ---------------------------------------------------------------------------------------------


def steps(account: ImapAccount) -> list[tuple[str, str]]:
    return [(step.name, step.code) for step in try_way(ImapWay(account))]


def test_a_connection_test_reports_each_step(dovecot: Dovecot, organisation: Organisation) -> None:
    mailbox = make_mailbox(dovecot, organisation)
    dovecot.append(mailbox.settings["username"], GOOD)
    found = list(try_way(imap_way(mailbox)))
    assert [(step.name, step.is_ok) for step in found] == [
        ("resolve", True),
        ("connect", True),
        ("tls", True),
        ("login", True),
        ("folder", True),
        ("count", True),
    ]
    assert (found[2].detail, found[3].detail, found[4].detail, found[5].detail) == (
        "TLSv1.3",
        mailbox.settings["username"],
        "INBOX",
        "1",
    )
    assert flags(dovecot, mailbox) == [set()]


@pytest.mark.parametrize(
    ("change", "reached"),
    [
        ({"host": "no-such-host.invalid"}, [("resolve", "name_unknown")]),
        ({"port": 1}, [("resolve", ""), ("connect", "unreachable")]),
        ({"ca_certificate": ""}, [("resolve", ""), ("connect", ""), ("tls", "certificate_untrusted")]),
        ({"password": "wrong"}, [("resolve", ""), ("connect", ""), ("tls", ""), ("login", "login_refused")]),
        (
            {"folder": "Nowhere"},
            [("resolve", ""), ("connect", ""), ("tls", ""), ("login", ""), ("folder", "folder_missing")],
        ),
    ],
)
def test_a_connection_test_ends_at_the_step_that_fails(
    dovecot: Dovecot, organisation: Organisation, change: dict[str, object], reached: list[tuple[str, str]]
) -> None:
    good = imap_way(make_mailbox(dovecot, organisation)).account
    assert steps(replace(good, **change)) == reached


def test_an_account_never_shows_its_password(dovecot: Dovecot, organisation: Organisation) -> None:
    assert PASSWORD not in repr(imap_way(make_mailbox(dovecot, organisation)))


def test_a_secret_of_another_key_is_no_secret(dovecot: Dovecot, organisation: Organisation, settings: Settings) -> None:
    mailbox = make_mailbox(dovecot, organisation)
    settings.SEKIMORI_ENCRYPTION_KEYS = [b"k" * 32]
    with pytest.raises(MailboxMisconfigured):
        imap_way(mailbox)


def uids(folder: ImapFolder) -> list[str]:
    return [key for window in folder.windows() for key in window]


# --- Servers that know less than Dovecot ------------------------------------------------------------------------------


def test_without_move_a_mail_is_copied_and_only_that_mail_expunged(
    dovecot: Dovecot, organisation: Organisation
) -> None:
    mailbox = make_mailbox(dovecot, organisation)
    for content in (GOOD, HUMAN, BROKEN):
        dovecot.append(mailbox.settings["username"], content)
    with open_place(imap_way(mailbox)) as folder:
        assert isinstance(folder, ImapFolder)
        folder._client._cached_capabilities = (b"IMAP4REV1", b"UIDPLUS")
        first, second, third = uids(folder)
        folder._client.add_flags([int(third)], [b"\\Deleted"])  # somebody else's, which is not ours to expunge
        folder.demand(Mailbox.Action.MOVE)
        folder.acknowledge([first, "4000000"], Mark.HANDLED, action=Mailbox.Action.MOVE, target="Handled")
        assert uids(folder) == [second, third]
    assert len(dovecot.messages(mailbox.settings["username"], folder="Handled")) == 1


def test_a_server_that_can_only_expunge_everything_is_refused(dovecot: Dovecot, organisation: Organisation) -> None:
    mailbox = make_mailbox(dovecot, organisation)
    with open_place(imap_way(mailbox)) as folder:
        assert isinstance(folder, ImapFolder)
        folder._client._cached_capabilities = (b"IMAP4REV1",)
        with pytest.raises(MailboxMisconfigured) as caught:
            folder.demand(Mailbox.Action.MOVE)
    assert caught.value.code == MailboxFault.MOVE_UNSUPPORTED
