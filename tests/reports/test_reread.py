"""Messages read again: the tables become what the present reader makes of the bytes, whatever stood there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from reports import jobs
from reports.ingest.outcome import Result
from reports.ingest.pipeline import ingest_bytes
from reports.ingest.sender.judge import Sender
from reports.ingest.sender_checks import Found, write
from reports.models import AggregateReport, AggregateRow, DomainDay, Job, Message, Organisation
from reports.reread.run import run
from reports.reread.selection import Selection
from reports.rollups.check import check_rollups
from reports.vocabulary import Channel, JobKind, SenderCheck, SenderReason
from tests.reports.samples import failure_mail, report_mail
from tests.reports.stored import NOW, make_organisation, record, report, rows_of

LATER = NOW + timedelta(days=3)
NAME = "receiver.example!example.com!1700000000!1700086399.xml"
VERIFIED = Sender(SenderCheck.VERIFIED, SenderReason.SIGNATURE_HOLDS, "receiver.example", "receiver.example")
TABLES = {
    "reports_aggregatereport": "to_jsonb(t) - 'organisation_id'",
    "reports_aggregaterow": "to_jsonb(t) - 'organisation_id'",
    "reports_rejectedrow": "to_jsonb(t) - 'id'",
    "reports_failurereport": "to_jsonb(t) - ARRAY['details', 'sample']",
    "reports_sighting": "to_jsonb(t)",
    "reports_sourceday": "to_jsonb(t)",
    "reports_domainday": "to_jsonb(t)",
    "reports_message": "to_jsonb(t) - ARRAY['read_at', 'sender_due_at', 'claimed_at']",
}


def tables() -> dict[str, list[Any]]:
    return {table: rows_of(f"SELECT {columns} FROM {table} t ORDER BY 1") for table, columns in TABLES.items()}


def mail(content: bytes, *, number: int, name: str = NAME) -> bytes:
    letter = report_mail((content, name), subject=f"Report {number}")
    letter.set_boundary(f"boundary-{number}")
    return letter.as_bytes()


def bring(data: bytes, organisation: Organisation, *, hours: int = 0) -> Result:
    at = NOW + timedelta(hours=hours)
    return ingest_bytes(data, organisation=organisation, channel=Channel.IMAP, at=at)


def fill(organisation: Organisation) -> list[Result]:
    """Reports, one of them again, two rivals of which one is proven, a failure report twice, a letter, a broken archive."""
    contents = [
        mail(report(record(count=10), record("nowhere")), number=1),
        mail(report(record(count=20)), number=2),
        mail(report(record(count=10), record("nowhere")), number=3),
        mail(report(record("192.0.2.9", 7, dkim="pass"), report_id="r-2"), number=4),
        failure_mail(),
        failure_mail() + b"\n",
        b"From: somebody@example.com\nSubject: lunch\n\nAt noon?\n",
        mail(b"PK\x03\x04 no zip", number=8, name="report.zip"),
    ]
    results = [bring(data, organisation, hours=hours) for hours, data in enumerate(contents)]
    write([Found(results[1].message_id or 0, VERIFIED)], at=NOW)
    return results


def reread(organisation: Organisation, **conditions: Any) -> Job:
    dry = conditions.pop("dry_run", False)
    selection = Selection(**conditions)
    job = jobs.start(
        JobKind.REREAD,
        organisation=organisation,
        parameters={**selection.to_json(), "dry_run": dry},
        total=selection.messages(organisation.pk).count(),
        at=LATER,
    )
    assert run(job.pk, clock=lambda: LATER)
    job.refresh_from_db()
    return job


@pytest.fixture
def organisation(db: None) -> Organisation:
    return make_organisation()


def test_what_is_right_stays_as_it_is(organisation: Organisation) -> None:
    fill(organisation)
    before = tables()
    job = reread(organisation)
    assert tables() == before
    assert (job.state, job.done, job.total, job.result["read"], job.result["changed"]) == ("done", 8, 8, 8, 0)


def test_what_an_older_reader_got_wrong_becomes_right(organisation: Organisation) -> None:
    results = fill(organisation)
    before = tables()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reports_aggregaterow SET count = count + 1, disposition = 'none'")
        cursor.execute("UPDATE reports_sourceday SET messages = messages + 1")
        cursor.execute("UPDATE reports_aggregatereport SET org_name = 'Old', is_conflicting = true, repairs = '[]'")
        cursor.execute("DELETE FROM reports_rejectedrow")
        cursor.execute("UPDATE reports_failurereport SET header_from = ''")
        cursor.execute("UPDATE reports_message SET reason = 'old', problems = '[]' WHERE outcome = 'refused'")
    job = reread(organisation)
    assert tables() == before
    assert job.result["changed"] == 5
    assert (job.result["before"]["messages"], job.result["after"]["messages"]) == (43, 40)
    assert [each["message"] for each in job.result["listed"]] == [
        results[place].message_id for place in (0, 1, 3, 4, 7)
    ]


def test_a_dry_run_says_the_same_and_changes_nothing(organisation: Organisation) -> None:
    fill(organisation)
    AggregateRow.objects.update(count=1000)
    before = tables()
    job = reread(organisation, dry_run=True)
    assert tables() == before
    assert (job.result["before"], job.result["after"]) == (
        {"reports": 4, "rows": 4, "messages": 3003, "rejected": 1, "repairs": 0},
        {"reports": 4, "rows": 4, "messages": 40, "rejected": 1, "repairs": 0},
    )
    assert reread(organisation).result["after"] == job.result["after"]


def test_a_report_that_was_missed_comes_in_and_one_that_was_none_goes(organisation: Organisation) -> None:
    results = fill(organisation)
    before = tables()
    pk = AggregateReport.objects.get(report_id="r-2").pk
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reports_aggregatereport WHERE id = %s", [pk])
        cursor.execute("UPDATE reports_message SET outcome = 'refused' WHERE id = %s", [results[3].message_id])
        cursor.execute(
            "INSERT INTO reports_aggregatereport (organisation_id, domain_id, message_id, payload_index, identity, rows_hash,"
            ' org_name, email, report_id, begin, "end", day, policy, extra_contact_info, errors, generator, version,'
            " namespace, rows, messages, failing, rows_dropped, repairs, sightings, is_conflicting, stored_at)"
            " SELECT organisation_id, domain_id, %s, 0, 'x', 'x', 'Invented', '', '', begin, \"end\", day, policy, '', errors,"
            " '', '', '', 0, 0, 0, 0, repairs, 1, false, stored_at FROM reports_aggregatereport LIMIT 1",
            [results[7].message_id],
        )
    job = reread(organisation)
    assert job.result["outcomes"] == {"refused stored": 1}
    after = tables()
    assert len(after["reports_aggregatereport"]) == len(before["reports_aggregatereport"])
    assert after["reports_sourceday"] == before["reports_sourceday"]
    assert not AggregateReport.objects.filter(org_name="Invented").exists()


def test_one_message_alone_takes_whoever_brought_the_same_along(organisation: Organisation) -> None:
    results = fill(organisation)
    before = tables()
    AggregateReport.objects.filter(message_id=results[0].message_id).update(identity=b"old", rows_hash=b"old")
    job = reread(organisation, message_id=results[0].message_id)
    assert tables() == before
    assert (job.total, job.done, job.result["changed"]) == (1, 1, 1)


def test_a_parked_message_is_read_after_all(organisation: Organisation) -> None:
    results = fill(organisation)
    before = tables()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reports_aggregatereport WHERE message_id = %s", [results[3].message_id])
        cursor.execute(
            "UPDATE reports_message SET outcome = 'refused', reason = 'reader_failed' WHERE id = %s",
            [results[3].message_id],
        )
    check_rollups(at=NOW, repair=True)  # as if it had never been read
    reread(organisation, outcome="refused", reason="reader_failed")
    assert Message.objects.get(pk=results[3].message_id).outcome == "stored"
    assert tables()["reports_domainday"] == before["reports_domainday"]


def test_messages_whose_bytes_are_gone_are_left_and_counted(organisation: Organisation) -> None:
    results = fill(organisation)
    before = tables()
    Message.objects.filter(pk=results[0].message_id).update(raw=None)
    job = reread(organisation)
    assert (job.done, job.result["read"], job.result["left_out"]) == (8, 7, {"bytes_gone": 1})
    after = tables()
    assert after["reports_domainday"] == before["reports_domainday"]


def test_only_what_was_asked_for_is_read(organisation: Organisation) -> None:
    fill(organisation)
    assert reread(organisation, outcome="refused").total == 1
    assert reread(organisation, since="2023-11-16").total == 8
    assert reread(organisation, since="2023-11-17").total == 0
    assert reread(make_organisation("other")).total == 0


def test_two_at_once_are_refused(organisation: Organisation) -> None:
    jobs.start(JobKind.REREAD, organisation=organisation, parameters={}, total=0, at=NOW)
    with pytest.raises(jobs.JobGoingOn):
        jobs.start(JobKind.REREAD, organisation=organisation, parameters={}, total=0, at=NOW)
    jobs.start(JobKind.REREAD, organisation=make_organisation("other"), parameters={}, total=0, at=NOW)


def test_a_cancelled_one_stops_and_keeps_what_it_did(organisation: Organisation) -> None:
    fill(organisation)
    AggregateRow.objects.update(count=1000)
    job = jobs.start(JobKind.REREAD, organisation=organisation, parameters={}, total=8, at=NOW)
    assert run(job.pk, clock=lambda: LATER, checkpoint=lambda step: step == "read" and jobs.cancel(job.pk, at=LATER))
    job.refresh_from_db()
    assert (job.state, job.done) == ("cancelled", 0)
    assert set(AggregateRow.objects.values_list("count", flat=True)) == {1000}
    assert not jobs.cancel(job.pk, at=LATER)
    assert not run(job.pk, clock=lambda: LATER)


def test_waiting_work_is_cancelled_at_once(organisation: Organisation) -> None:
    job = jobs.start(JobKind.REREAD, organisation=organisation, parameters={}, total=8, at=NOW)
    assert jobs.cancel(job.pk, at=LATER)
    job.refresh_from_db()
    assert (job.state, job.finished_at) == ("cancelled", LATER)


def test_one_that_kills_its_reader_is_left_out_in_the_end(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = fill(organisation)
    job = jobs.start(JobKind.REREAD, organisation=organisation, parameters={}, total=8, at=NOW)

    class Killed(BaseException):
        pass

    def deadly(data: bytes, *, filename: str) -> Any:
        if b"Report 2\n" in data:
            raise Killed
        return real(data, filename=filename)

    from reports.reread import parts as module

    real = module.read
    monkeypatch.setattr(module, "read", deadly)
    for _ in range(4):
        with pytest.raises(Killed):
            run(job.pk, clock=lambda: LATER)
    assert run(job.pk, clock=lambda: LATER)
    job.refresh_from_db()
    assert (job.state, job.done, job.result["left_out"]) == ("done", 8, {"kills_reader": 1})
    assert sum(DomainDay.objects.values_list("messages", flat=True)) == 27
    assert Message.objects.get(pk=results[1].message_id).outcome == "stored"


def test_a_day_that_is_none_is_said_with_an_example() -> None:
    with pytest.raises(CommandError, match="a day such as 2026-01-31, not 'soon'"):
        call_command("reread", "--since", "soon")
