"""What is stored of reports: nothing twice, nothing lost, each contradiction marked."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.db.utils import IntegrityError

from reports.ingest.failures import DETAILS
from reports.models import (
    AggregateReport,
    AggregateRow,
    Domain,
    FailureReport,
    Message,
    Organisation,
    RejectedRow,
    Source,
)
from reports.sealing import Purpose, unseal
from reports.vocabulary import DomainKind, Outcome
from tests.reports.samples import BEGIN, END, SAMPLE, failure_mail, record_xml
from tests.reports.stored import DAY, NOW, make_organisation, record, report, rows_of, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


def test_the_same_report_again_is_counted_as_a_sighting_only(organisation: Organisation) -> None:
    first = upload(report(record()), organisation=organisation)
    again = upload(b"\n" + report(record()), organisation=organisation)
    assert (first.outcome, again.outcome, again.reason) == (Outcome.STORED, Outcome.DUPLICATE, "stored_before")
    assert [facts.is_new for facts in again.reports] == [False]
    assert again.reports[0].pk == first.reports[0].pk
    assert list(AggregateReport.objects.values_list("sightings", "is_conflicting")) == [(2, False)]
    assert AggregateRow.objects.count() == 1


def test_the_same_identity_with_other_rows_is_kept_and_both_are_marked(organisation: Organisation) -> None:
    upload(report(record(count=2)), organisation=organisation)
    other = upload(report(record(count=3)), organisation=organisation)
    third = upload(report(record(count=4)), organisation=organisation)
    assert (other.outcome, third.outcome) == (Outcome.STORED, Outcome.STORED)
    stored = AggregateReport.objects.order_by("messages").values_list("messages", "sightings", "is_conflicting")
    assert list(stored) == [(2, 1, True), (3, 1, True), (4, 1, True)]


@pytest.mark.parametrize(
    "changed",
    [
        {"report_id": "r-2"},
        {"org_name": "Another Receiver"},
        {"domain": "example.net"},
        {"begin": BEGIN + 1},
        {"end": END + 1},
    ],
)
def test_a_report_that_differs_in_its_identity_is_another_report(
    organisation: Organisation, changed: dict[str, str | int]
) -> None:
    upload(report(record()), organisation=organisation)
    assert upload(report(record(), **changed), organisation=organisation).outcome is Outcome.STORED  # type: ignore[arg-type]
    assert list(AggregateReport.objects.values_list("is_conflicting", flat=True)) == [False, False]


def test_organisations_never_share_a_report(organisation: Organisation) -> None:
    upload(report(record()), organisation=organisation)
    other = make_organisation("other")
    assert upload(report(record()), organisation=other).outcome is Outcome.STORED
    assert list(rows_of("SELECT organisation_id, count(*) FROM reports_aggregaterow GROUP BY 1 ORDER BY 1")) == [
        (organisation.pk, 1),
        (other.pk, 1),
    ]
    assert Source.objects.filter(address="192.0.2.1").count() == 2


def test_one_message_with_the_same_report_twice_counts_it_once(organisation: Organisation) -> None:
    mail = failure_mail()
    assert upload(mail, organisation=organisation, filename="a.eml").outcome is Outcome.STORED
    assert upload(mail, organisation=organisation, filename="b.eml").outcome is Outcome.DUPLICATE
    assert list(FailureReport.objects.values_list("sightings", flat=True)) == [2]
    assert Message.objects.count() == 2


def test_a_row_is_stored_as_it_was_sent(organisation: Organisation) -> None:
    sent = record(
        "2001:db8::1",
        7,
        dkim="pass",
        disposition="none",
        signature=("example.com", "pass"),
        envelope_to="clinic.example",
    )
    upload(report(sent), organisation=organisation)
    row = AggregateRow.objects.get()
    assert (row.position, row.source_ip, row.source.address, row.count) == (1, "2001:db8::1", "2001:db8::1", 7)
    assert (row.lens, row.verdict, row.disposition) == ("elsewhere", "aligned", "none")
    assert (row.dkim, row.spf, row.is_aligned, row.has_raw_pass) == ("pass", "fail", True, True)
    assert (row.header_from, row.envelope_from, row.envelope_to) == ("example.com", None, "clinic.example")
    assert row.dkim_results == [{"domain": "example.com", "selector": "s1", "result": "pass", "human_result": ""}]
    assert row.spf_results == [{"domain": "example.com", "scope": "", "result": "fail", "human_result": ""}]
    assert (row.day, row.domain.name, row.organisation_id) == (DAY, "example.com", organisation.pk)


def test_hostile_text_arrives_as_text(organisation: Organisation) -> None:
    name = "back\\slash \\N &lt;b&gt; 'quote' \" \\x27 Ünïcödé 日本"
    comment = "<reason><type>other</type><comment>tab\\t new\\n \\. end</comment></reason>"
    sent = record_xml(evaluated=f"<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>{comment}")
    upload(report(sent, org_name=name), organisation=organisation)
    assert AggregateReport.objects.get().org_name == "back\\slash \\N <b> 'quote' \" \\x27 Ünïcödé 日本"
    assert AggregateRow.objects.get().reasons == [{"type": "other", "comment": "tab\\t new\\n \\. end"}]


def test_of_rejected_rows_without_end_the_first_are_kept_and_all_are_counted(
    organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.ingest.aggregates.REJECTED_KEPT", 2)
    upload(report(record(), *["<record/>"] * 5), organisation=organisation)
    assert AggregateReport.objects.get().rows_dropped == 5
    assert list(RejectedRow.objects.values_list("position", flat=True)) == [2, 3]


def test_rejected_rows_are_kept_beside_their_siblings(organisation: Organisation) -> None:
    result = upload(report(record(), record(source="nowhere"), record(count=5)), organisation=organisation)
    assert (result.outcome, result.reason) == (Outcome.PARTIAL, "rows_rejected")
    assert [(row.position, row.code) for row in RejectedRow.objects.all()] == [(2, "bad_source_ip")]
    assert list(AggregateRow.objects.order_by("position").values_list("position", "count")) == [(1, 2), (3, 5)]
    stored = AggregateReport.objects.get()
    assert (stored.rows, stored.messages, stored.failing, stored.rows_dropped) == (2, 7, 7, 1)


def test_extensions_are_kept_with_their_report_and_nothing_where_there_are_none(organisation: Organisation) -> None:
    note = '<x:n xmlns:x="urn:x">\\ "so" 日本</x:n>'
    sent = report(record(), record()).replace(b"</record>", note.encode() + b"</record>", 1)
    assert upload(sent, organisation=organisation).outcome == Outcome.STORED
    upload(report(report_id="r-2"), organisation=organisation)
    assert [each.extensions for each in AggregateReport.objects.order_by("report_id")] == [
        [{"place": "record", "xml": note, "record": 1}],
        None,
    ]


def test_a_domain_is_made_when_a_report_names_it_first(organisation: Organisation) -> None:
    upload(report(record(), domain="Sub.Example.NET."), organisation=organisation)
    upload(report(record(), domain="sub.example.net", report_id="r-2"), organisation=organisation)
    assert list(Domain.objects.order_by("name").values_list("name", "kind")) == [
        ("*", DomainKind.FOREIGN),
        ("sub.example.net", DomainKind.OWN),
    ]


def test_a_partner_domain_stays_a_partner(organisation: Organisation) -> None:
    partner = Domain.objects.create(organisation=organisation, name="partner.example", kind=DomainKind.PARTNER)
    upload(report(record(), domain="partner.example"), organisation=organisation)
    partner.refresh_from_db()
    assert partner.kind == DomainKind.PARTNER
    assert AggregateReport.objects.get().domain == partner


@pytest.mark.parametrize(
    ("begin", "end", "day"),
    [
        (datetime(2023, 11, 14, tzinfo=UTC), datetime(2023, 11, 14, 23, 59, 59, tzinfo=UTC), "2023-11-14"),
        (datetime(2023, 11, 13, 15, tzinfo=UTC), datetime(2023, 11, 14, 14, 59, 59, tzinfo=UTC), "2023-11-14"),
        (datetime(2023, 11, 14, 8, tzinfo=UTC), datetime(2023, 11, 15, 7, 59, 59, tzinfo=UTC), "2023-11-14"),
        (datetime(2023, 11, 6, tzinfo=UTC), datetime(2023, 11, 12, 23, 59, 59, tzinfo=UTC), "2023-11-09"),
    ],
)
def test_a_report_belongs_to_the_day_of_the_middle_of_its_period(
    organisation: Organisation, begin: datetime, end: datetime, day: str
) -> None:
    sent = report(record(), begin=int(begin.timestamp()), end=int(end.timestamp()))
    upload(sent, organisation=organisation)
    stored = AggregateReport.objects.get()
    assert (stored.begin, stored.end, str(stored.day)) == (begin, end, day)


def test_what_names_a_person_in_a_failure_report_is_sealed(organisation: Organisation) -> None:
    upload(failure_mail(), organisation=organisation, filename="failure.eml")
    stored = FailureReport.objects.get()
    assert (stored.source_ip, stored.incidents, stored.envelope_domain) == ("192.0.2.7", 3, "sender.example")
    assert unseal(stored.sample, purpose=Purpose.FAILURE_SAMPLE).decode().splitlines() == SAMPLE.splitlines()
    assert b"two@receiver.example" in unseal(stored.details, purpose=Purpose.FAILURE_DETAILS)
    assert set(DETAILS) == set(json.loads(unseal(stored.details, purpose=Purpose.FAILURE_DETAILS)))
    plain = rows_of("SELECT to_jsonb(f) - 'details' - 'sample' FROM reports_failurereport f")
    assert "one@" not in str(plain)
    assert "somebody@" not in str(plain)


def test_the_database_refuses_a_row_whose_alignment_contradicts_its_verdicts(organisation: Organisation) -> None:
    upload(report(record()), organisation=organisation)
    with pytest.raises(IntegrityError, match="aggregate_row_alignment_agrees"):
        AggregateRow.objects.update(is_aligned=True)


@pytest.mark.django_db(transaction=True)
def test_the_same_reports_stored_by_many_at_once_are_counted_once() -> None:
    organisation = make_organisation()
    files = [report(record(count=n), report_id=f"r-{n % 7}", domain=f"d{n % 3}.example") for n in range(21)]
    barrier = Barrier(4)
    results: list[Outcome] = []

    def work() -> None:
        try:
            barrier.wait()
            results.extend(upload(data, organisation=organisation).outcome for data in files)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (results.count(Outcome.STORED), results.count(Outcome.DUPLICATE)) == (21, 63)
    assert AggregateReport.objects.count() == AggregateRow.objects.count() == 21
    assert list(AggregateReport.objects.values_list("sightings", flat=True).distinct()) == [4]
    assert rows_of("SELECT sum(messages) FROM reports_domainday") == [(sum(range(21)),)]
    assert Message.objects.order_by("pk")[0].received_at == NOW
