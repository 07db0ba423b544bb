"""Parked messages: shown with their reason, tried again by administrators alone, their trace for nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from reports.models import AuditEntry, Job, Message, Organisation
from reports.reread.run import run
from reports.vocabulary import Channel, Outcome, Reason, Role
from tests.reports.pages import document, logged_in, words
from tests.reports.samples import XML
from tests.reports.stored import make_organisation, upload

ROLE = Role.ADMINISTRATOR
pytestmark = pytest.mark.django_db
NOBODY = [role for role in Role if role != Role.ADMINISTRATOR]


def park(organisation: Organisation, *, filename: str = "parked.xml", hours: int = 1, data: bytes = XML) -> Message:
    """A message that came in, and on which the reader failed three times."""
    pk = upload(data, organisation=organisation, filename=filename).message_id
    Message.objects.filter(pk=pk).update(
        outcome=Outcome.REFUSED, reason=Reason.READER_FAILED, tries=3, received_at=timezone.now() - timedelta(hours=hours),
        problems=[{"code": "reader_failed", "params": {"trace": "ValueError: boom <b>"}}],
    )  # fmt: skip
    return Message.objects.get(pk=pk)


def parked_rows(response) -> list[str]:
    rows = document(response).xpath("//*[@id='parked']//tbody/tr")
    return [" ".join(" ".join(row.itertext()).split()) for row in rows]


def test_what_others_parked_is_not_there(client: Client) -> None:
    theirs = park(make_organisation("theirs"))
    assert parked_rows(client.get("/ingestion/")) == []
    assert client.post(f"/ingestion/messages/{theirs.pk}/reread/").status_code == 404
    assert not Job.objects.exists()


@pytest.mark.parametrize("role", NOBODY)
def test_who_is_no_administrator_can_neither_try_again_nor_see_the_trace(ours: Organisation, role: Role) -> None:
    message = park(ours)
    other = logged_in(ours, role)
    page = other.get("/ingestion/")
    assert "An administrator can have it read again." in parked_rows(page)[0]
    assert document(page).xpath("//*[@id='parked']//button") == []
    assert "boom" not in other.get(f"/ingestion/messages/{message.pk}/").content.decode()
    assert other.post(f"/ingestion/messages/{message.pk}/reread/").status_code == 403
    assert other.post("/ingestion/reread/", {"outcome": "parked"}).status_code == 403
    assert not Job.objects.exists()


def test_a_refused_message_is_not_parked_unless_the_reader_failed(client: Client, ours: Organisation) -> None:
    upload(b"", organisation=ours, filename="empty.xml", at=timezone.now())
    page = client.get("/ingestion/")
    assert parked_rows(page) == []
    assert "None. A message on which the reader fails several times would be kept here" in words(page)


def test_without_its_bytes_it_cannot_be_tried_again(client: Client, ours: Organisation) -> None:
    message = park(ours)
    Message.objects.filter(pk=message.pk).update(raw=None)
    page = client.get("/ingestion/")
    assert "Its bytes are no longer kept, so it cannot be read again." in parked_rows(page)[0]
    assert document(page).xpath("//tbody//form[contains(@action, 'reread')]") == []


def test_it_says_when_what_why_and_how_often(client: Client, ours: Organisation) -> None:
    message = park(ours)
    (row,) = parked_rows(client.get("/ingestion/"))
    assert message.received_at.strftime("%H:%M UTC") in row
    assert row.endswith(
        "uploaded by somebody parked.xml Reading it failed several times because of a fault in this software. It is kept as it came: "
        "try again after an update, and if it fails again, please report the fault. 3 Retry parked.xml"
    )
    page = words(client.get(f"/ingestion/messages/{message.pk}/"))
    assert "Technical detail ValueError: boom <b>" in page
    assert "Tries 3" in page


def test_a_retry_reads_it_again_and_is_in_the_audit_log(client: Client, ours: Organisation) -> None:
    message = park(ours)
    (form,) = document(client.get("/ingestion/")).xpath("//tbody//form[contains(@action, 'reread')]")
    assert client.post(form.get("action")).status_code == 302
    assert run(Job.objects.get().pk, clock=timezone.now)
    message.refresh_from_db()
    assert (message.outcome, message.reason) == ("stored", "")
    assert parked_rows(client.get("/ingestion/")) == []
    entry = AuditEntry.objects.get(action="reports.reread.started")
    assert (entry.actor_name, entry.data) == (
        "Administrator",
        {"dry_run": False, "message_id": message.pk, "messages": 1},
    )


def test_all_are_tried_again_at_once_and_nothing_else(client: Client, ours: Organisation) -> None:
    park(ours, filename="one.xml")
    upload(b"", organisation=ours, filename="empty.xml")
    assert client.post("/ingestion/reread/", {"outcome": "parked"}).status_code == 302
    assert Job.objects.get().total == 1


def test_the_newest_ten_are_shown_and_the_way_to_all(client: Client, ours: Organisation) -> None:
    for hours in range(1, 12):
        park(ours, filename=f"{hours}.xml", hours=hours, data=XML + b"\n" * hours)
    page = client.get("/ingestion/")
    assert [f" {hours}.xml Reading" in row for hours, row in enumerate(parked_rows(page), 1)] == [True] * 10
    (link,) = document(page).xpath("//a[contains(@href, 'outcome=parked')]/@href")
    assert client.get(link).context["table"].paginator.count == 11


def test_a_parked_message_of_a_mailbox_is_named_by_its_key(client: Client, ours: Organisation) -> None:
    Message.objects.create(
        organisation=ours, channel=Channel.IMAP, key="4711", received_at=timezone.now(), tries=3,
        outcome=Outcome.REFUSED, reason=Reason.READER_FAILED,
    )  # fmt: skip
    assert " 4711 Reading it failed" in parked_rows(client.get("/ingestion/"))[0]
