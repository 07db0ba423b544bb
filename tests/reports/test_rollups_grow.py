"""Sums that grow by what comes in: in nothing different from sums of all rows, and dearer only by what is new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from reports.ingest.ledger import Arrival
from reports.ingest.pipeline import ingest
from reports.models import AggregateReport, Domain, DomainDay, InboundEvent, Node, Organisation, Source, SourceDay
from reports.rollups.buckets import Bucket
from reports.rollups.build import rebuild
from reports.rollups.check import check_rollups
from reports.rollups.grow import add_reports
from reports.rollups.sums import REPORTERS_KEPT
from reports.vocabulary import Channel
from tests.reports.stored import DAY, NOW, make_organisation, record, report, rows_of, upload

pytestmark = pytest.mark.django_db
MORNING = int(datetime(2023, 11, 15, tzinfo=UTC).timestamp())


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


def differing() -> int:
    return check_rollups(at=NOW, repair=False).differing


def together(*reports: bytes, organisation: Organisation) -> None:
    """As one batch."""
    arrivals = [Arrival(data, Channel.UPLOAD, NOW, filename="report.xml") for data in reports]
    ingest(arrivals, organisation=organisation, at=NOW)


def test_a_report_that_does_not_count_is_not_added(organisation: Organisation) -> None:
    whole = report(record("192.0.2.1", 2), record("192.0.2.2", 30))
    together(whole[: whole.rindex(b"<record>")], whole, organisation=organisation)
    assert sorted(AggregateReport.objects.values_list("is_counted", "messages")) == [(False, 2), (True, 32)]
    assert DomainDay.objects.get().messages == 32
    assert differing() == 0


def test_what_is_no_more_in_the_rows_is_not_added_to(organisation: Organisation) -> None:
    upload(report(record(count=2)), organisation=organisation)
    Domain.objects.filter(name="example.com").update(rows_since=DAY + timedelta(days=1))
    upload(report(record(count=30), report_id="r-2"), organisation=organisation)
    assert DomainDay.objects.get().messages == 2


def test_nothing_to_add_asks_nothing_of_the_sums(organisation: Organisation) -> None:
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        add_reports([], organisation_id=organisation.pk)
    assert [query["sql"] for query in asked if "sourceday" in query["sql"]] == []


def test_a_spoilt_sum_is_found_however_much_comes_in_afterwards(organisation: Organisation) -> None:
    upload(report(record(count=2)), organisation=organisation)
    SourceDay.objects.update(messages=5)
    upload(report(record(count=30), report_id="r-2"), organisation=organisation)
    assert SourceDay.objects.get().messages == 35
    assert differing() == 1
    rebuild([Bucket(organisation.pk, Domain.objects.get(name="example.com").pk, DAY)])
    assert SourceDay.objects.get().messages == 32


def test_reporters_are_merged_in_the_order_in_which_they_are_built(organisation: Organisation) -> None:
    for number, name in enumerate(["b", "A", "é", "a", "B", "b"]):
        upload(report(record(), org_name=name, report_id=f"r-{number}"), organisation=organisation)
    assert SourceDay.objects.get().reporters == ["A", "B", "a", "b", "é"]
    assert differing() == 0


def test_of_reporters_that_strangers_make_up_without_end_the_first_are_named_in_whatever_order_they_come(
    organisation: Organisation,
) -> None:
    names = [f"{number:03}" for number in range(REPORTERS_KEPT + 20)]
    Random(1).shuffle(names)
    made = [report(record(), org_name=name, report_id=f"r-{name}") for name in names]
    for start in range(0, len(made), 40):
        together(*made[start : start + 40], organisation=organisation)
    assert SourceDay.objects.get().reporters == sorted(names)[:REPORTERS_KEPT]
    assert differing() == 0


def test_figures_that_strangers_made_too_large_stop_at_the_largest(organisation: Organisation) -> None:
    for number in range(2):
        upload(report(record(count=2**53), report_id=f"r-{number}"), organisation=organisation)
    SourceDay.objects.update(messages=2**63 - 2, nothing=2**63 - 1)
    DomainDay.objects.update(messages=2**63 - 2)
    upload(report(record(count=2**53), report_id="r-2"), organisation=organisation)
    assert SourceDay.objects.values_list("messages", "nothing").get() == (2**63 - 1, 2**63 - 1)
    assert DomainDay.objects.get().messages == 2**63 - 1


def test_what_our_own_filter_saw_stays_in_the_sums(organisation: Organisation) -> None:
    upload(report(record(count=2)), organisation=organisation)
    domain, node = Domain.objects.get(name="example.com"), Node.objects.create(organisation=organisation, name="mx1")
    InboundEvent.objects.create(
        organisation=organisation, domain=domain, node=node, day=DAY, event_id="e-1", at=NOW,
        source=Source.objects.get(), source_ip="192.0.2.1", header_from="example.com", classification="suspicious",
        recipients=b"", recipient_count=1, verdict="fail", action="reject",
    )  # fmt: skip
    rebuild([Bucket(organisation.pk, domain.pk, DAY)])
    upload(report(record(count=30, envelope_to="example.com"), report_id="r-2"), organisation=organisation)
    assert sorted(DomainDay.objects.values_list("lens", "messages")) == [("elsewhere", 2), ("here", 31)]
    assert SourceDay.objects.get(lens="here").reporters == ["Receiver Example", "mx1"]
    assert differing() == 0


def _any_report(chance: Random, number: int) -> bytes:
    """One of few identities, days, domains and sources, so that much meets; some are cut off in the middle."""
    begin = MORNING + 86400 * chance.randrange(3)
    rows = [
        record(
            f"192.0.2.{chance.randrange(6)}", chance.randrange(9), dkim=chance.choice(("pass", "fail")),
            spf=chance.choice(("pass", "fail")), disposition=chance.choice(("none", "quarantine", "reject")),
            header_from=chance.choice(("example.com", "mail.example.com")),
            envelope_to=chance.choice(("", "example.com")),
        )
        for _ in range(chance.randrange(1, 6))
    ]  # fmt: skip
    made = report(
        *rows, report_id=f"r-{number // 2 if chance.random() < 0.5 else number}",
        org_name=chance.choice(("Alpha", "Beta", "gamma")), domain=chance.choice(("example.com", "example.net")),
        begin=begin, end=begin + 86399,
    )  # fmt: skip
    return made[: made.rindex(b"<record>")] if chance.random() < 0.1 else made


@pytest.mark.parametrize("seed", range(4))
def test_sums_that_grew_are_those_of_all_rows(organisation: Organisation, seed: int) -> None:
    chance = Random(seed)
    reports = [_any_report(chance, number) for number in range(60)]
    reports += chance.choices(reports, k=10)
    while reports:
        batch = [reports.pop() for _ in range(min(len(reports), chance.randrange(1, 12)))]
        together(*batch, organisation=organisation)
    grown = _all_sums()
    assert len(grown[0]) > 60
    rebuild(Bucket(organisation.pk, pk, DAY + timedelta(days=n)) for pk in _domains(organisation) for n in range(3))
    assert _all_sums() == grown
    assert differing() == 0


def _domains(organisation: Organisation) -> list[int]:
    return list(Domain.objects.filter(organisation=organisation).values_list("pk", flat=True))


def _all_sums() -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    return (
        rows_of("SELECT * FROM reports_sourceday ORDER BY day, domain_id, lens, source_id, header_from, verdict"),
        rows_of("SELECT * FROM reports_domainday ORDER BY day, domain_id, lens, verdict"),
    )
