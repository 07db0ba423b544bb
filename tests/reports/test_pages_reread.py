"""The pages of re-reads, senders and superseded reports."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from reports.ingest.sender.judge import Sender
from reports.ingest.sender_checks import Found, write
from reports.models import AggregateReport, AggregateRow, AuditEntry, Job, Message, Organisation
from reports.reread.run import run
from reports.vocabulary import Role, SenderCheck, SenderReason
from tests.reports.pages import logged_in, words
from tests.reports.stored import make_organisation, record, report
from tests.reports.test_conflicts import FALSE, FORGED, TRUE, VERIFIED, bring, check

ROLE = Role.ADMINISTRATOR
NOW = datetime(2023, 11, 17, tzinfo=UTC)


@pytest.fixture
def ours(db: None) -> Organisation:
    return make_organisation()


def work(pk: int) -> None:
    assert run(pk, clock=timezone.now)


def test_a_dry_run_is_asked_for_shown_and_applied(client: Client, ours: Organisation) -> None:
    bring(TRUE, ours)
    AggregateRow.objects.update(count=77)
    answer = client.post("/ingestion/reread/", {"outcome": "all", "dry_run": "on"}, follow=True)
    assert "It begins within a quarter of a minute. 0 of 1 message" in words(answer)
    job = Job.objects.get()
    work(job.pk)
    page = words(client.get(f"/ingestion/jobs/{job.pk}/"))
    assert "Nothing was changed: this was a dry run. 1 of 1 message" in page
    assert "Messages in them 77 10" in page
    assert AggregateRow.objects.get().count == 77
    client.post("/ingestion/reread/", {"outcome": "all"})
    work(Job.objects.latest("pk").pk)
    assert AggregateRow.objects.get().count == 10
    acts = AuditEntry.objects.filter(action__startswith="reports.reread").order_by("pk")
    assert [(entry.action, entry.data) for entry in acts] == [
        ("reports.reread.started", {"dry_run": True, "messages": 1}),
        ("reports.reread.started", {"dry_run": False, "messages": 1}),
    ]


def test_a_page_in_the_making_is_fetched_again_by_itself(client: Client, ours: Organisation) -> None:
    bring(TRUE, ours)
    client.post("/ingestion/reread/", {"outcome": "all"})
    job = Job.objects.get()
    part = client.get(f"/ingestion/jobs/{job.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "every 2s" in part
    assert "<html" not in part
    work(job.pk)
    assert "every 2s" not in client.get(f"/ingestion/jobs/{job.pk}/", headers={"HX-Request": "true"}).content.decode()


def test_a_message_is_read_again_from_its_page(client: Client, ours: Organisation) -> None:
    pk = bring(TRUE, ours).message_id
    Message.objects.filter(pk=pk).update(outcome="refused", reason="reader_failed")
    AggregateReport.objects.all().delete()
    assert "Read again" in words(client.get(f"/ingestion/messages/{pk}/"))
    client.post(f"/ingestion/messages/{pk}/reread/")
    work(Job.objects.get().pk)
    assert Message.objects.get(pk=pk).outcome == "stored"


def test_a_second_one_is_refused_and_the_first_can_be_cancelled(client: Client, ours: Organisation) -> None:
    client.post("/ingestion/reread/", {"outcome": "all"})
    answer = client.post("/ingestion/reread/", {"outcome": "all"}, follow=True)
    assert "Messages are being read again already" in answer.content.decode()
    client.post(f"/ingestion/jobs/{Job.objects.get().pk}/cancel/")
    assert Job.objects.get().state == "cancelled"
    assert AuditEntry.objects.filter(action="reports.reread.cancelled").count() == 1


def test_without_a_choice_nothing_is_read_again(client: Client, ours: Organisation) -> None:
    assert client.post("/ingestion/reread/", {}).status_code == 422
    assert not Job.objects.exists()


def test_work_of_others_is_not_there(ours: Organisation) -> None:
    logged_in(ours, Role.ADMINISTRATOR).post("/ingestion/reread/", {"outcome": "all"})
    stranger = logged_in(make_organisation("other"), Role.ADMINISTRATOR)
    assert stranger.get(f"/ingestion/jobs/{Job.objects.get().pk}/").status_code == 404
    assert stranger.post(f"/ingestion/jobs/{Job.objects.get().pk}/cancel/").status_code == 404


def test_the_report_page_says_what_replaces_what(client: Client, ours: Organisation) -> None:
    check(bring(FALSE, ours), FORGED)
    check(bring(TRUE, ours, hours=1), VERIFIED)
    old, new = AggregateReport.objects.order_by("-messages")
    page = client.get(f"/reports/{old.pk}/")
    assert "Its sender has replaced this report" in words(page)
    assert f'href="/reports/{new.pk}/"' in page.content.decode()
    page = client.get(f"/reports/{new.pk}/")
    assert "This report replaces others of the same reporter" in words(page)
    assert f'href="/reports/{old.pk}/"' in page.content.decode()
    assert "A DKIM signature of receiver.example proves that it comes from receiver.example." in words(page)


def test_reports_are_found_by_their_sender(client: Client, ours: Organisation) -> None:
    check(bring(report(record(count=1), report_id="r-1"), ours, name="a.xml"), VERIFIED)
    check(bring(report(record(count=2), report_id="r-2"), ours, name="b.xml", hours=1), FORGED)
    bring(report(record(count=3), report_id="r-3"), ours, name="c.xml", hours=2)
    again = bring(report(record(count=3), report_id="r-3"), ours, name="c.xml", hours=3)
    bring(report(record(count=4), report_id="r-4"), ours, name="d.xml", hours=4)
    check(again, VERIFIED)

    def found(sender: str) -> list[int]:
        context = client.get(f"/reports/?sender={sender}").context
        return sorted(each.record.messages for each in context["table"].paginated_rows)

    assert (found("verified"), found("unverified"), found("unknown")) == ([1, 3], [2], [4])
    assert words(client.get("/reports/?sender=unverified")).count("Unverified") == 2  # the choice, and the badge
    assert client.get("/ingestion/?sender=verified").status_code == 200
    assert client.get("/failures/?sender=verified").status_code == 200


@pytest.mark.parametrize("reason", list(SenderReason))
def test_every_reason_has_a_sentence(client: Client, ours: Organisation, reason: SenderReason) -> None:
    pk = bring(TRUE, ours).message_id or 0
    write([Found(pk, Sender(SenderCheck.UNKNOWN, reason, "receiver.example", "mx.example.com"))], at=NOW)
    assert reason.value not in words(client.get(f"/ingestion/messages/{pk}/"))


# --- The command ------------------------------------------------------------------------------------------------------


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("reread", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_shows_the_difference_and_applies_it(ours: Organisation) -> None:
    bring(TRUE, ours)
    AggregateRow.objects.update(count=77)
    assert command("--all", "--dry-run").splitlines() == [
        "Nothing was changed: this was a dry run.", "Read again: 1 of 1. Changed: 1.", "Reports: 1 -> 1", "Records: 1 -> 1",
        "Messages in them: 77 -> 10", "Rejected records: 0 -> 0", "Repairs: 0 -> 0",
    ]  # fmt: skip
    assert json.loads(command("--outcome", "stored", "--json"))["changed"] == 1
    assert json.loads(command("--since", "2023-11-16", "--json"))["changed"] == 0
    assert AggregateRow.objects.get().count == 10


@pytest.mark.parametrize("arguments", [[], ["--dry-run"], ["--resume"]])
def test_the_command_wants_to_know_what(ours: Organisation, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        command(*arguments)


def test_the_command_resumes_what_was_left(ours: Organisation, client: Client) -> None:
    bring(TRUE, ours)
    client.post("/ingestion/reread/", {"outcome": "all"})
    with pytest.raises(CommandError, match="--resume"):
        command("--all")
    assert "Read again: 1 of 1" in command("--resume")
    assert Job.objects.get().state == "done"


def test_a_run_that_is_out_of_time_is_carried_on_by_the_next(ours: Organisation, client: Client) -> None:
    bring(TRUE, ours)
    client.post("/ingestion/reread/", {"outcome": "all"})
    job = Job.objects.get()
    assert run(job.pk, clock=lambda: NOW, until=NOW - timedelta(seconds=1))
    job.refresh_from_db()
    assert (job.state, job.done) == ("running", 0)
    work(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 1)
