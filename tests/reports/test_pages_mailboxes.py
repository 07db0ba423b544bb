"""The mailbox form: the password goes in and never out, nor to another place than before; every change is written down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from reports.ingest.places.secrets import sealed_secret, secret_of
from reports.models import AuditEntry, Mailbox, Organisation
from reports.vocabulary import Role
from tests.mailhost.dovecot import Dovecot
from tests.reports.mailboxes import PASSWORD, make_mailbox
from tests.reports.pages import document, logged_in, words
from tests.reports.stored import make_organisation

ROLE = Role.ADMINISTRATOR
pytestmark = pytest.mark.django_db
NEW = "/ingestion/mailboxes/new/?kind=imap"
SECRET = "p4ss w0rd, never shown"
SETTINGS = {
    "host": "imap.example.com", "port": 993, "tls": "implicit", "username": "dmarc", "folder": "INBOX",
    "ca_certificate": "",
}  # fmt: skip


@pytest.fixture
def stored(ours: Organisation) -> Mailbox:
    return Mailbox.objects.create(
        organisation=ours, name="Reports", settings=SETTINGS, secret=sealed_secret(SECRET),
        failures=3, error_code="login_refused", error_detail="no",
    )  # fmt: skip


def filled(**changes: Any) -> dict[str, Any]:
    fields = {
        "name": "Reports", "host": "imap.example.com", "port": 993, "tls": "implicit", "username": "dmarc",
        "password": "", "folder": "INBOX", "handled_action": "flag", "handled_folder": "", "refused_action": "leave",
        "refused_folder": "", "interval_minutes": 15, "ca_certificate": "", "is_enabled": "on",
    }  # fmt: skip
    return fields | changes


def edit(mailbox: Mailbox) -> str:
    return f"/ingestion/mailboxes/{mailbox.pk}/"


def errors(response: Any) -> list[str]:
    return [each.text_content().strip() for each in document(response).xpath("//*[@class='field-errors']/li")]


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


# --- Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_administrators_reach_a_mailbox(ours: Organisation, stored: Mailbox, role: Role) -> None:
    client = logged_in(ours, role)
    for address in (NEW, edit(stored), f"{edit(stored)}delete/", f"{edit(stored)}fetch/"):
        assert client.post(address, filled(password="x")).status_code == 403
    page = client.get("/ingestion/")
    assert "Reports" in words(page)
    assert document(page).xpath("//a[contains(@href, '/mailboxes/')] | //form[contains(@action, '/mailboxes/')]") == []
    assert (Mailbox.objects.count(), actions()) == (1, [])


@pytest.mark.parametrize("end", ["", "delete/", "fetch/"])
def test_a_mailbox_of_another_organisation_is_not_there(stored: Mailbox, end: str) -> None:
    client = logged_in(make_organisation("theirs"), Role.ADMINISTRATOR)
    assert client.post(f"{edit(stored)}{end}", filled(password="x")).status_code == 404
    assert (Mailbox.objects.count(), actions()) == (1, [])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"password": ""}, "This field is required."),
        ({"port": 0}, "Ensure this value is greater than or equal to 1."),
        ({"port": "x"}, "Enter a whole number."),
        ({"host": "a\0b"}, "Null characters are not allowed."),
        ({"interval_minutes": 0}, "Ensure this value is greater than or equal to 1."),
        ({"tls": "maybe"}, "Select a valid choice. maybe is not one of the available choices."),
        ({"handled_action": "move"}, "Name the folder to which the mail is to be moved."),
        ({"refused_action": "move", "refused_folder": "INBOX"}, "This is the folder that is read. Name another one."),
        ({"ca_certificate": "no certificate"},
         "This is no certificate in PEM form. It runs from BEGIN CERTIFICATE to END CERTIFICATE."),
        ({"ca_certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"},
         "This is no certificate in PEM form. It runs from BEGIN CERTIFICATE to END CERTIFICATE."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_reason(client: Client, changes: dict[str, Any], error: str) -> None:
    answer = client.post(NEW, filled(password=SECRET) | changes)
    assert (answer.status_code, errors(answer)) == (422, [error])
    assert SECRET not in answer.content.decode()
    assert not Mailbox.objects.exists()


def test_a_name_is_given_once(client: Client, stored: Mailbox) -> None:
    answer = client.post(NEW, filled(password=SECRET))
    assert (answer.status_code, errors(answer)) == (422, ["Another mailbox has this name. Choose a different one."])


@pytest.mark.parametrize("changes", [{"host": "evil.example"}, {"port": 143}, {"tls": "none"}, {"username": "other"}])
@pytest.mark.parametrize("button", ["save", "test"])
def test_a_stored_password_goes_nowhere_else_than_before(
    client: Client, stored: Mailbox, changes: dict[str, Any], button: str
) -> None:
    answer = client.post(edit(stored), filled(**changes, **{button: "1"}))
    assert answer.status_code == 422
    assert [error.partition(":")[0] for error in errors(answer)] == ["Enter the password again"]
    stored.refresh_from_db()
    assert stored.settings == SETTINGS


# --- Changes ----------------------------------------------------------------------------------------------------------


def test_a_new_mailbox_is_sealed_due_and_written_down_without_its_password(client: Client, ours: Organisation) -> None:
    answer = client.post(NEW, filled(password=SECRET, save="1"), follow=True)
    mailbox = Mailbox.objects.get()
    assert (mailbox.organisation, secret_of(mailbox)) == (ours, SECRET)
    assert mailbox.due_at <= timezone.now()
    assert SECRET.encode() not in bytes(mailbox.secret)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_label, entry.data["host"]) == (
        "reports.mailbox.created",
        "Reports",
        "imap.example.com",
    )
    assert SECRET not in str(entry.data) + answer.content.decode()


def test_an_empty_password_keeps_the_stored_one_and_the_change_is_written_down(client: Client, stored: Mailbox) -> None:
    client.post(edit(stored), filled(folder="DMARC", save="1"))
    stored.refresh_from_db()
    assert (stored.settings["folder"], secret_of(stored)) == ("DMARC", SECRET)
    assert (stored.failures, stored.error_code, stored.due_at <= timezone.now()) == (0, "", True)
    assert AuditEntry.objects.get().data == {
        "folder": {"before": "INBOX", "after": "DMARC"},
        "is_password_new": False,
    }


def test_the_stored_password_is_on_no_page(client: Client, stored: Mailbox) -> None:
    page = client.get(edit(stored))
    assert SECRET not in page.content.decode()
    (field,) = document(page).xpath("//input[@name='password']")
    assert field.get("value") is None


def test_why_a_mailbox_is_not_read_stands_on_its_page_too(client: Client, stored: Mailbox) -> None:
    said = words(client.get(edit(stored)))
    assert "The server refuses this user name and password. Enter the password again" in said
    assert "3 failed visits in a row The pause before the next visit doubles each time" in said
    Mailbox.objects.update(error_code="", failures=0)
    assert "failed visit" not in words(client.get(edit(stored)))


def test_a_new_password_replaces_the_stored_one(client: Client, stored: Mailbox) -> None:
    client.post(edit(stored), filled(host="other.example.com", password="new one", save="1"))
    stored.refresh_from_db()
    assert (stored.settings["host"], secret_of(stored)) == ("other.example.com", "new one")
    assert AuditEntry.objects.get().data["is_password_new"] is True


def test_deleting_asks_first_and_is_written_down(client: Client, stored: Mailbox) -> None:
    assert "Delete the mailbox Reports?" in words(client.get(f"{edit(stored)}delete/"))
    assert Mailbox.objects.count() == 1
    client.post(f"{edit(stored)}delete/")
    assert (Mailbox.objects.count(), actions()) == (0, ["reports.mailbox.deleted"])


def test_fetch_now_makes_it_due_unless_it_is_paused(client: Client, stored: Mailbox) -> None:
    later = timezone.now() + timezone.timedelta(hours=5)
    Mailbox.objects.update(due_at=later)
    client.post(f"{edit(stored)}fetch/")
    stored.refresh_from_db()
    assert stored.due_at <= timezone.now()
    assert actions() == ["reports.mailbox.fetch_asked"]
    Mailbox.objects.update(due_at=later, is_enabled=False)
    answer = client.post(f"{edit(stored)}fetch/", follow=True)
    assert "This mailbox is paused." in words(answer)
    assert Mailbox.objects.get().due_at == later


# --- Tests of the connection ------------------------------------------------------------------------------------------


def steps(response: Any) -> list[str]:
    return [
        " ".join(" ".join(each.itertext()).split())
        for each in document(response).xpath("//section[@role='status']//li")
    ]


def test_a_refused_network_stops_at_the_first_step_and_says_what_to_do(client: Client) -> None:
    answer = client.post(NEW, filled(host="169.254.169.254", password=SECRET, test="1"))
    first, *rest = steps(answer)
    assert first.startswith("fail Look up the host name The host lies in a network to which no connection may be made")
    assert "SEKIMORI_OUTGOING_ALLOWED_NETWORKS" in first
    assert rest == [
        "– Connect not tried",
        "– Encrypt the connection not tried",
        "– Log in not tried",
        "– Open the folder not tried",
        "– Count the messages not tried",
    ]
    assert (Mailbox.objects.count(), actions()) == (0, [])


def test_a_secret_that_cannot_be_opened_is_said_so(client: Client, stored: Mailbox) -> None:
    Mailbox.objects.update(secret=b"sealed with a lost key")
    assert "The stored password was sealed with a key that is gone." in words(
        client.post(edit(stored), filled(test="1"))
    )


def test_each_step_to_a_real_server_is_told_and_nothing_is_stored(
    client: Client, ours: Organisation, dovecot: Dovecot, settings: Settings
) -> None:
    settings.OUTGOING_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    mailbox = make_mailbox(dovecot, ours)
    settings_of_it = filled(
        name=mailbox.name, host="localhost", port=dovecot.imaps_port, username=mailbox.settings["username"],
        ca_certificate=Path(dovecot.ca_file).read_text(), test="1",
    )  # fmt: skip
    good = client.post(edit(mailbox), settings_of_it)
    assert "The mailbox can be read" in words(good)
    assert [step.split()[0] for step in steps(good)] == ["pass"] * 6
    assert steps(good)[-1] == "pass Count the messages 0"
    bad = client.post(edit(mailbox), settings_of_it | {"password": "wrong"})
    assert [step.split()[0] for step in steps(bad)] == ["pass", "pass", "pass", "fail", "–", "–"]
    assert "The server refuses this user name and password." in words(bad)
    assert "wrong" not in bad.content.decode()
    mailbox.refresh_from_db()
    assert (secret_of(mailbox), actions()) == (PASSWORD, [])


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_many_times_at_once_makes_one_mailbox(client: Client, ours: Organisation) -> None:
    def send(_number: int) -> int:
        browser = Client()
        browser.cookies = client.cookies
        try:
            return browser.post(NEW, filled(password=SECRET, save="1")).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        answers = sorted(threads.map(send, range(6)))
    assert answers == [302, 422, 422, 422, 422, 422]
    assert (Mailbox.objects.count(), actions()) == (1, ["reports.mailbox.created"])
