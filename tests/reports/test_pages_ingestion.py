"""Ingestion: whether reports still come, what became of each mail, and which policy the filters run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from reports.ingest.places.secrets import sealed_secret
from reports.models import Mailbox, Message, Node, Organisation
from reports.selectors.ingest_health import node_health
from reports.selectors.mailboxes import mailbox_health
from reports.vocabulary import Channel, Outcome, Role
from tests.reports.pages import document, logged_in, words
from tests.reports.samples import XML, record_xml, report_mail, zipped
from tests.reports.stored import NOW, make_organisation, record, report, upload

ROLE = Role.VIEWER
pytestmark = pytest.mark.django_db


def ledger(response) -> list[str]:
    return [
        " ".join(" ".join(row.itertext()).split())
        for row in document(response).xpath("//*[@id='ledger-box']//tbody/tr[td/a]")
    ]


def test_messages_of_another_organisation_are_not_there(client: Client) -> None:
    theirs = upload(XML, organisation=make_organisation("theirs"), filename="theirs.xml")
    assert ledger(client.get("/ingestion/")) == []
    assert client.get(f"/ingestion/messages/{theirs.message_id}/").status_code == 404


def test_the_address_of_a_message_that_cannot_be_is_not_there(client: Client) -> None:
    assert client.get(f"/ingestion/messages/{10**30}/").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["?page=x", "?per_page=0", "?outcome=x", "?mailbox=x", "?mailbox=99999999999999999999", "?channel=%00", "?q=%00",
     "?days=-1", "?sort=-reason,,x", "?q=%25%27%22"],
)  # fmt: skip
def test_nonsense_in_the_address_bar_never_fails(client: Client, query: str) -> None:
    assert client.get(f"/ingestion/{query}").status_code == 200


def test_every_mail_shows_its_outcome_its_reason_and_the_next_step(client: Client, ours: Organisation) -> None:
    upload(b"<!DOCTYPE html><html><body>Log in</body></html>", organisation=ours, filename="page.html")
    upload(b"", organisation=ours, filename="empty.xml")
    upload(XML, organisation=ours)
    upload(XML, organisation=ours)
    upload(report(record(), record_xml(count=""), report_id="r-9"), organisation=ours)
    shown = ledger(client.get("/ingestion/"))
    assert [row.partition("report.xml ")[2] for row in shown[:3]] == [
        "Stored in part Records that could not be counted: 1. All others were stored. The page of the report shows them "
        "with their text.",
        "Duplicate Every report in it is stored already; nothing was counted twice. Nothing needs to be done.",
        "Stored –",
    ]
    assert "Refused It is empty. Ask the reporter to send it again" in shown[3]
    assert "Not a report It is a web page, not a report" in shown[4]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("outcome=stored", 1),
        ("outcome=refused", 1),
        ("outcome=waiting", 1),
        ("channel=imap", 1),
        ("channel=upload", 2),
        ("q=empty", 1),
        ("q=Receiver-Nowhere", 0),
        ("days=7", 1),
    ],
)
def test_filters_narrow_the_ledger(client: Client, ours: Organisation, query: str, count: int) -> None:
    upload(XML, organisation=ours)
    upload(b"", organisation=ours, filename="empty.xml")
    Message.objects.create(organisation=ours, channel=Channel.IMAP, received_at=timezone.now())
    assert len(ledger(client.get(f"/ingestion/?{query}"))) == count


def test_a_message_tells_every_problem_and_every_report(client: Client, ours: Organisation) -> None:
    mail = report_mail(
        (zipped(("good.xml", XML), ("bad.xml", b'<!DOCTYPE f [<!ENTITY a "b">]><feedback>&a;</feedback>')), "two.zip")
    )
    result = upload(mail.as_bytes(), organisation=ours, filename="mail.eml")
    page = client.get(f"/ingestion/messages/{result.message_id}/")
    text = words(page)
    assert result.outcome == Outcome.PARTIAL
    assert "It defines XML entities, which no report needs" in text
    assert "Report Domain: example.com Submitter: receiver.example" in text
    assert document(page).xpath(f"//main//a[@href='/reports/{result.reports[0].pk}/']")


NOW_ = timezone.now()


@pytest.mark.parametrize(
    ("fields", "health"),
    [
        ({}, "never"),
        ({"is_enabled": False}, "paused"),
        ({"failures": 1, "last_success_at": NOW_}, "failing"),
        ({"last_success_at": NOW_}, "ok"),
        ({"last_success_at": NOW_ - timedelta(minutes=39, seconds=59)}, "ok"),
        ({"last_success_at": NOW_ - timedelta(minutes=40)}, "late"),
    ],
)
def test_the_health_of_a_mailbox(fields: dict, health: str) -> None:
    assert mailbox_health(Mailbox(interval_minutes=15, **fields), now=NOW_) == health


@pytest.mark.parametrize(
    ("fields", "health"),
    [
        ({}, "never"),
        ({"last_contact_at": NOW_}, "ok"),
        ({"last_contact_at": NOW_, "error_code": "bad_signature"}, "failing"),
        ({"last_contact_at": NOW_ - timedelta(minutes=11)}, "late"),
        ({"last_contact_at": NOW_, "revoked_at": NOW_}, "paused"),
    ],
)
def test_the_health_of_a_node(fields: dict, health: str) -> None:
    assert node_health(Node(**fields), now=NOW_) == health


def test_a_failing_mailbox_says_what_to_do_and_its_detail_to_administrators_alone(ours: Organisation) -> None:
    Mailbox.objects.create(
        organisation=ours, name="Reports", secret=sealed_secret("x"),
        failures=2, error_code="login_refused", error_detail="error: AUTHENTICATIONFAILED",
    )  # fmt: skip
    seen = {role: words(logged_in(ours, role).get("/ingestion/")) for role in (Role.VIEWER, Role.ADMINISTRATOR)}
    for text in seen.values():
        assert "The server refuses this user name and password. Enter the password again" in text
        assert "2 failed visits in a row" in text
    assert ["AUTHENTICATIONFAILED" in seen[role] for role in seen] == [False, True]


def test_a_node_shows_which_policy_it_runs_since_when(client: Client, ours: Organisation) -> None:
    Node.objects.create(
        organisation=ours, name="mx1", slug="mx1", token_sha256=b"1" * 32, last_contact_at=timezone.now(),
        live_number=141, live_since=NOW, agent_version="0.1", filter_version="rspamd 3.4",
    )  # fmt: skip
    Node.objects.create(organisation=make_organisation("theirs"), name="theirs", slug="t", token_sha256=b"2" * 32)
    text = words(client.get("/ingestion/"))
    assert "mx1 Working number 141 16 Nov 2023 08:00 UTC" in text
    assert "theirs" not in text
