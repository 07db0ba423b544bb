"""The daily sums: always what the rows, events and pass counts say, however and in whatever order these came."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from reports.models import (
    AggregateReport,
    AggregateRow,
    Domain,
    DomainDay,
    InboundEvent,
    Node,
    Organisation,
    PassCount,
    Source,
    SourceDay,
)
from reports.rollups.buckets import Bucket
from reports.rollups.build import rebuild
from reports.selectors.counted import counted_rows
from tests.reports.stored import DAY, make_organisation, record, report, rows_of, upload

pytestmark = pytest.mark.django_db
SUMS = (
    "messages", "aligned", "dkim_aligned", "spf_aligned", "unaligned", "nothing", "quarantined", "rejected", "excepted",
)  # fmt: skip


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


def source_days() -> dict[tuple[str, str, str], tuple[int, ...]]:
    """(lens, address, verdict) -> SUMS."""
    return {
        (each.lens, each.source.address, each.verdict): tuple(getattr(each, name) for name in SUMS)
        for each in SourceDay.objects.select_related("source")
    }


def bucket(organisation: Organisation, name: str = "example.com", day: date = DAY) -> Bucket:
    return Bucket(organisation.pk, Domain.objects.get(organisation=organisation, name=name).pk, day)


def test_each_sum_counts_what_its_name_says(organisation: Organisation) -> None:
    upload(
        report(
            record("192.0.2.1", 100, dkim="pass", spf="pass", disposition="none"),
            record("192.0.2.1", 20, dkim="pass", disposition="none"),
            record("192.0.2.1", 3, spf="pass", disposition="none"),
            record("192.0.2.2", 7, disposition="reject"),
            record("192.0.2.2", 5, disposition="quarantine", spf_domain="mass.example", spf_result="pass"),
            record("192.0.2.2", 4, disposition="none", signature=("hr.example", "pass")),
            record("192.0.2.2", 2, disposition="none", envelope_to="example.com"),
        ),
        organisation=organisation,
    )
    assert source_days() == {
        ("elsewhere", "192.0.2.1", "aligned"): (123, 123, 120, 103, 0, 0, 0, 0, 0),
        ("elsewhere", "192.0.2.2", "suspicious"): (7, 0, 0, 0, 0, 7, 0, 7, 0),
        ("elsewhere", "192.0.2.2", "unknown"): (5, 0, 0, 0, 5, 0, 5, 0, 0),
        ("elsewhere", "192.0.2.2", "fixable"): (4, 0, 0, 0, 4, 0, 0, 0, 0),
        ("here", "192.0.2.2", "suspicious"): (2, 0, 0, 0, 0, 2, 0, 0, 0),
    }
    found = DomainDay.objects.order_by("lens", "verdict").values_list(
        "lens", "verdict", "messages", "aligned", "rejected"
    )
    assert list(found) == [
        ("elsewhere", "aligned", 123, 123, 0),
        ("elsewhere", "fixable", 4, 0, 0),
        ("elsewhere", "suspicious", 7, 0, 7),
        ("elsewhere", "unknown", 5, 0, 0),
        ("here", "suspicious", 2, 0, 0),
    ]


def test_reporters_are_named_once_each(organisation: Organisation) -> None:
    for number, name in enumerate(["Zeta", "Alpha", "Zeta"]):
        upload(report(record(), org_name=name, report_id=f"r-{number}"), organisation=organisation)
    assert SourceDay.objects.get().reporters == ["Alpha", "Zeta"]
    assert SourceDay.objects.get().messages == 6


def test_a_duplicate_and_a_report_without_rows_change_no_sum(organisation: Organisation) -> None:
    upload(report(record(count=2)), organisation=organisation)
    before = source_days()
    upload(report(record(count=2)) + b"\n", organisation=organisation)
    upload(report("<record/>", report_id="r-2"), organisation=organisation)
    assert source_days() == before


def test_another_day_or_domain_is_left_alone(organisation: Organisation) -> None:
    upload(report(record(count=1)), organisation=organisation)
    later = int((datetime(2023, 12, 1, tzinfo=UTC)).timestamp())
    upload(report(record(count=10), begin=later, end=later + 86399), organisation=organisation)
    upload(report(record(count=100), domain="example.net"), organisation=organisation)
    found = DomainDay.objects.order_by("messages").values_list("messages", "day", "domain__name")
    assert list(found) == [(1, DAY, "example.com"), (10, date(2023, 12, 1), "example.com"), (100, DAY, "example.net")]


def test_hostile_counts_do_not_break_a_bucket(organisation: Organisation) -> None:
    largest = 2**53
    rows = [record(f"192.0.2.{n}", largest, header_from="example.com") for n in range(1, 9)]
    for number in range(200):
        upload(report(*rows, report_id=f"r-{number}"), organisation=organisation)
    assert set(SourceDay.objects.values_list("messages", flat=True)) == {200 * largest}
    assert DomainDay.objects.get().messages == 2**63 - 1


def test_hostile_counts_do_not_make_a_report_unreadable(organisation: Organisation) -> None:
    rows = [record(f"192.0.2.{number % 250}", 2**53, header_from="example.com") for number in range(1100)]
    upload(report(*rows), organisation=organisation)
    assert AggregateReport.objects.values_list("rows", "messages", "failing").get() == (1100, 2**63 - 1, 2**63 - 1)
    assert DomainDay.objects.get().messages == 2**63 - 1


def test_deleted_rows_leave_no_sum(organisation: Organisation) -> None:
    upload(report(record()), organisation=organisation)
    AggregateReport.objects.all().delete()
    rebuild([bucket(organisation)])
    assert not SourceDay.objects.exists()
    assert not DomainDay.objects.exists()


def _node(organisation: Organisation) -> Node:
    return Node.objects.create(organisation=organisation, name="mx1", slug="mx1", token_sha256=b"x" * 32)


def _event(organisation: Organisation, number: int, **fields: Any) -> None:
    domain = Domain.objects.get(organisation=organisation, name="example.com")
    source, _ = Source.objects.get_or_create(organisation=organisation, address="192.0.2.2")
    node = Node.objects.filter(organisation=organisation).first() or _node(organisation)
    values = {
        "event_id": f"e-{number}", "day": DAY, "at": datetime(2023, 11, 15, 12, tzinfo=UTC), "source_ip": "192.0.2.2",
        "header_from": "example.com", "recipients": b"", "recipient_count": 1, "verdict": "reject",
        "classification": "suspicious", "action": "reject", "spf": "fail",
    }  # fmt: skip
    InboundEvent.objects.create(organisation=organisation, domain=domain, node=node, source=source, **(values | fields))


def test_events_and_pass_counts_of_our_nodes_count_as_mail_arriving_here(organisation: Organisation) -> None:
    upload(report(record("192.0.2.2", 7)), organisation=organisation)
    _event(organisation, 1)
    _event(organisation, 2, spf="pass", action="add header")
    _event(
        organisation, 3, dkim=[{"domain": "hr.example", "result": "pass"}], action="no action", rule_reference="EX-1"
    )
    _event(organisation, 4, classification="fixable", action="no action")
    PassCount.objects.create(
        organisation=organisation, domain_id=bucket(organisation).domain_id, node=Node.objects.get(), day=DAY,
        hour=datetime(2023, 11, 15, 12, tzinfo=UTC), batch="b-1", source=Source.objects.get(), header_from="example.com",
        messages=50,
    )  # fmt: skip
    rebuild([bucket(organisation)])
    assert source_days() == {
        ("elsewhere", "192.0.2.2", "suspicious"): (7, 0, 0, 0, 0, 7, 0, 7, 0),
        ("here", "192.0.2.2", "suspicious"): (3, 0, 0, 0, 2, 1, 1, 1, 1),
        ("here", "192.0.2.2", "fixable"): (1, 0, 0, 0, 0, 1, 0, 0, 0),
        ("here", "192.0.2.2", "aligned"): (50, 50, 0, 0, 0, 0, 0, 0, 0),
    }
    assert SourceDay.objects.get(lens="here", verdict="aligned").reporters == ["mx1"]


def test_sums_agree_with_the_rows_however_the_reports_came(organisation: Organisation) -> None:
    for number in range(30):
        day = int(datetime(2023, 11, 1, tzinfo=UTC).timestamp()) + 86400 * (number * 7 % 5)
        rows = [
            record(f"192.0.2.{(number * 3 + n) % 11}", n + 1, dkim="pass" if n % 2 else "fail")
            for n in range(number % 4 + 1)
        ]
        upload(
            report(*rows, report_id=f"r-{number}", domain=f"d{number % 3}.example", begin=day, end=day + 86399),
            organisation=organisation,
        )
    by_hand = rows_of(
        "SELECT domain_id, day, lens, source_id, header_from, verdict, sum(count), sum(count) FILTER (WHERE is_aligned) "
        "FROM reports_aggregaterow GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6"
    )
    kept = rows_of(
        "SELECT domain_id, day, lens, source_id, header_from, verdict, messages::numeric, NULLIF(aligned, 0)::numeric "
        "FROM reports_sourceday ORDER BY 1, 2, 3, 4, 5, 6"
    )
    assert len(kept) > 60
    assert kept == by_hand
    rebuild(Bucket(organisation.pk, row.domain_id, row.day) for row in AggregateRow.objects.all())
    assert kept == rows_of(
        "SELECT domain_id, day, lens, source_id, header_from, verdict, messages::numeric, NULLIF(aligned, 0)::numeric "
        "FROM reports_sourceday ORDER BY 1, 2, 3, 4, 5, 6"
    )


def test_rebuilding_nothing_is_allowed(organisation: Organisation) -> None:
    with transaction.atomic():
        rebuild([])
    rebuild([Bucket(organisation.pk, 999_999, DAY + timedelta(days=1))])
    assert not SourceDay.objects.exists()


def test_a_report_that_does_not_count_adds_to_no_sum_and_to_no_list(organisation: Organisation) -> None:
    upload(report(record(count=2)), organisation=organisation)
    upload(report(record(count=30), report_id="r-2"), organisation=organisation)
    AggregateReport.objects.filter(report_id="r-1").update(is_counted=False)
    rebuild([bucket(organisation)])
    assert list(DomainDay.objects.values_list("messages", flat=True)) == [30]
    assert list(SourceDay.objects.values_list("messages", flat=True)) == [30]
    assert list(counted_rows(organisation.pk).values_list("count", flat=True)) == [30]
