"""From bytes to an outcome: each message ends with one, whatever it holds and whatever goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.utils import timezone

from reports.ingest.ledger import LAST_TRY_LATER, LEASE, Arrival, claim, take_in
from reports.ingest.pipeline import finish_unread, ingest
from reports.ingest.raw import bytes_of
from reports.models import AggregateReport, Message, Organisation, RawMessage, SourceDay
from reports.tasks import finish_interrupted
from reports.vocabulary import Channel, Outcome
from tests.reports.samples import XML, failure_mail, report_mail, zipped
from tests.reports.stored import NOW, make_organisation, record, report, upload

pytestmark = pytest.mark.django_db

TLS = b'{"organization-name":"Receiver","report-id":"t-1","date-range":{"start-datetime":"2023-11-14T00:00:00Z",' \
      b'"end-datetime":"2023-11-14T23:59:59Z"},"policies":[{"policy":{"policy-type":"sts","policy-domain":"example.com"},' \
      b'"summary":{"total-successful-session-count":1,"total-failure-session-count":0}}]}'  # fmt: skip


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


@pytest.fixture
def poison() -> Callable[[str], None]:
    """Makes PostgreSQL refuse every report of a reporter, as it would a value that no test thought of."""

    def refuse(org_name: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION refuse_report() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE 'poisoned' USING ERRCODE = 'data_exception'; END $$;"
                "CREATE TRIGGER refuse BEFORE INSERT ON reports_aggregatereport FOR EACH ROW "
                f"WHEN (NEW.org_name = '{org_name}') EXECUTE FUNCTION refuse_report()"
            )

    return refuse


def arrivals(*contents: bytes) -> list[Arrival]:
    return [Arrival(data, Channel.FILE, NOW, filename=f"{number}.xml") for number, data in enumerate(contents)]


# --- How a message ends -----------------------------------------------------------------------------------------------

ENDINGS = {
    "nothing": (b"", Outcome.REFUSED, "empty"),
    "a letter": (b"From: a@example.com\nSubject: hi\n\nHello\n", Outcome.NOT_A_REPORT, "no_report_found"),
    "a page": (b"<!DOCTYPE html><html><body>x</body></html>", Outcome.NOT_A_REPORT, "html_page"),
    "a broken archive": (b"PK\x03\x04 no zip", Outcome.REFUSED, "damaged_archive"),
    "XML cut off in its head": (XML[:150], Outcome.REFUSED, "report_truncated"),
    "XML cut off before its first row": (XML[: XML.index(b"<record>")], Outcome.REFUSED, "report_truncated"),
    "XML cut off after a whole row": (XML[: XML.index(b"</feedback>")], Outcome.PARTIAL, "report_truncated"),
    "a TLS report": (TLS, Outcome.STORED, ""),
    "a report": (XML, Outcome.STORED, ""),
    "a failure report": (failure_mail(), Outcome.STORED, ""),
    "a report with a bad row": (report(record(), record("nowhere")), Outcome.PARTIAL, "rows_rejected"),
    "a report with bad rows only": (report(record("nowhere")), Outcome.PARTIAL, "rows_rejected"),
    "a report beside a broken one": (
        zipped(("a.xml", XML), ("b.xml", b"<feedback><report_metadata/></feedback>")),
        Outcome.PARTIAL,
        "no_domain",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("data", "outcome", "reason"), ENDINGS.values(), ids=ENDINGS)
def test_each_message_ends_with_an_outcome_and_a_reason(
    organisation: Organisation, data: bytes, outcome: Outcome, reason: str
) -> None:
    result = upload(data, organisation=organisation)
    assert (result.outcome, result.reason) == (outcome, reason)
    message = Message.objects.get()
    assert (message.pk, message.outcome, message.reason) == (result.message_id, outcome, reason)
    assert [each["code"] for each in message.problems] == [problem.code for problem in result.problems]
    assert bool(reason) == bool(message.problems)
    assert (message.read_at, message.tries) == (NOW, 1)


def test_the_ledger_keeps_the_bytes_as_they_came_and_once(organisation: Organisation) -> None:
    data = report_mail((XML, "report.xml")).as_bytes()
    for name in ("a.eml", "b.eml"):
        upload(data, organisation=organisation, filename=name)
    raw = RawMessage.objects.get()
    assert (bytes_of(raw), raw.size) == (data, len(data))
    assert data[:40] not in bytes(raw.sealed)
    found = Message.objects.order_by("pk").values_list("filename", "outcome", "subject", "sender", "raw_id")
    subject = "Report Domain: example.com Submitter: receiver.example Report-ID: <r-1>"
    assert list(found) == [
        ("a.eml", "stored", subject, "noreply@receiver.example", raw.pk),
        ("b.eml", "duplicate", subject, "noreply@receiver.example", raw.pk),
    ]


def test_a_tls_report_has_neither_rows_nor_messages(organisation: Organisation) -> None:
    (facts,) = upload(TLS, organisation=organisation).reports
    assert (facts.kind, facts.reporter, facts.report_id, facts.domain, facts.is_new) == (
        "tls", "Receiver", "t-1", "example.com", True,
    )  # fmt: skip
    assert (facts.rows, facts.messages) == (0, 0)
    assert (facts.begin, facts.end) == (1699920000, 1700006399)


def test_names_beyond_unicode_and_with_nul_are_stored_as_far_as_they_can(organisation: Organisation) -> None:
    upload(XML, organisation=organisation, filename="a\0b\udcff" + "x" * 600)
    assert Message.objects.get().filename == "ab?" + "x" * 497


# --- A batch ----------------------------------------------------------------------------------------------------------


def test_a_batch_knows_a_report_again_within_itself(organisation: Organisation) -> None:
    results = ingest(arrivals(XML, XML + b"\n", report(record(count=9))), organisation=organisation, at=NOW)
    assert [result.outcome for result in results] == [Outcome.STORED, Outcome.DUPLICATE, Outcome.STORED]
    stored = AggregateReport.objects.order_by("pk").values_list("messages", "sightings", "is_conflicting")
    assert list(stored) == [(2, 2, True), (9, 1, True)]


def test_an_empty_batch_writes_nothing(organisation: Organisation) -> None:
    assert ingest([], organisation=organisation, at=NOW) == []
    assert not Message.objects.exists()


def test_one_poisoned_message_does_not_take_the_others_with_it(
    organisation: Organisation, poison: Callable[[str], None]
) -> None:
    poison("Bad")
    batch = arrivals(
        report(record(count=1)), report(record(), org_name="Bad"), report(record(count=4), report_id="r-2")
    )
    results = ingest(batch, organisation=organisation, at=NOW)
    assert [(result.outcome, result.reason) for result in results] == [
        (Outcome.STORED, ""),
        (Outcome.REFUSED, "reader_failed"),
        (Outcome.STORED, ""),
    ]
    ledger = Message.objects.order_by("pk")
    assert [(message.outcome, message.tries) for message in ledger] == [("stored", 2), ("refused", 3), ("stored", 2)]
    assert "poisoned" in ledger[1].problems[0]["params"]["trace"]
    assert SourceDay.objects.get().messages == 5


def test_an_outcome_is_written_once(organisation: Organisation) -> None:
    result = upload(XML, organisation=organisation)
    assert list(finish_unread([result.message_id or 0], at=NOW + timedelta(days=1))) == []
    assert (Message.objects.get().read_at, AggregateReport.objects.get().sightings) == (NOW, 1)


# --- What a crash leaves ----------------------------------------------------------------------------------------------


def _leave_unread(organisation: Organisation, *, tries: int) -> int:
    """A message as a process leaves it that dies between taking in and storing; returns its id."""
    (pk,) = take_in(arrivals(XML), organisation=organisation, at=NOW)
    Message.objects.filter(pk=pk).update(tries=tries)
    return pk


def test_what_was_left_unread_is_read_later(organisation: Organisation) -> None:
    message_id = _leave_unread(organisation, tries=1)
    Message.objects.update(received_at=NOW - LEASE)
    finish_interrupted()
    message = Message.objects.get(pk=message_id)
    assert (message.outcome, message.tries) == ("stored", 2)
    assert AggregateReport.objects.count() == 1


def test_what_may_still_be_read_by_another_process_is_left_to_it(organisation: Organisation) -> None:
    _leave_unread(organisation, tries=1)
    Message.objects.update(received_at=timezone.now())
    finish_interrupted()
    assert Message.objects.get().outcome is None


def test_what_another_reader_has_claimed_is_left_to_it_until_its_lease_ends(organisation: Organisation) -> None:
    message_id = _leave_unread(organisation, tries=1)
    Message.objects.update(tries=0)
    assert claim(message_id, at=NOW)
    assert not claim(message_id, at=NOW + LEASE - timedelta(seconds=1))
    assert list(finish_unread([message_id], at=NOW)) == []
    (result,) = finish_unread([message_id], at=NOW + LEASE)
    assert (result.outcome, Message.objects.get().tries) == (Outcome.STORED, 2)


def test_workers_that_are_ended_again_and_again_within_an_hour_give_no_message_up(organisation: Organisation) -> None:
    """Memory that another program takes, or an orchestrator without patience: no fault of what was just being read."""

    def dies(step: str) -> None:
        raise SystemExit(step)

    with pytest.raises(SystemExit):
        ingest(arrivals(XML), organisation=organisation, at=NOW, checkpoint=dies)
    (pk,) = Message.objects.values_list("pk", flat=True)
    for minutes in range(60):
        with suppress(SystemExit):
            at = NOW + timedelta(minutes=minutes)
            assert list(finish_unread([pk], at=at, checkpoint=dies, lease=timedelta())) == []
    assert Message.objects.values_list("outcome", "tries").get() == (None, 2)
    (result,) = finish_unread([pk], at=NOW + LAST_TRY_LATER, lease=timedelta())
    assert (result.outcome, Message.objects.get().tries) == (Outcome.STORED, 3)


@pytest.mark.django_db(transaction=True)
def test_readers_on_two_machines_never_wait_for_each_other(organisation: Organisation) -> None:
    """Each of eight readers goes through the same list; every message is read by exactly one of them."""
    ids = [_leave_unread(organisation, tries=1) for _ in range(12)]
    claimed: list[int] = []

    def reader() -> None:
        try:
            claimed.extend(pk for pk in ids if claim(pk, at=NOW))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(reader) for _ in range(8)]:
            done.result(timeout=30)
    assert sorted(claimed) == ids


def test_what_keeps_killing_its_reader_is_refused_after_three_tries(organisation: Organisation) -> None:
    (result,) = finish_unread([_leave_unread(organisation, tries=3)], at=NOW)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, "reader_failed")
    message = Message.objects.get()
    assert (message.outcome, message.reason, message.tries) == ("refused", "reader_failed", 3)
    assert not AggregateReport.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_sessions_that_end_while_a_message_is_read_are_not_its_fault(organisation: Organisation) -> None:
    def cut(step: str) -> None:
        if step == "read":
            with suppress(OperationalError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    (pk,) = take_in(arrivals(XML), organisation=organisation, at=NOW)
    for _ in range(5):
        with pytest.raises(OperationalError):
            list(finish_unread([pk], at=NOW, checkpoint=cut, lease=timedelta()))
    list(finish_unread([pk], at=NOW, lease=timedelta()))
    assert Message.objects.values_list("outcome", "tries").get() == (Outcome.STORED, 2)


def test_the_database_lets_no_mail_be_acknowledged_before_it_is_read(organisation: Organisation) -> None:
    _leave_unread(organisation, tries=1)
    with pytest.raises(IntegrityError, match="message_read_before_acknowledged"):
        Message.objects.update(acknowledged_at=NOW)
