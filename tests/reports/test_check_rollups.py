"""The check of the sums: whatever was tampered with is found, named and mended, and nothing that is right is touched."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import F

from reports.models import AggregateReport, Domain, DomainDay, Organisation, RollupCheck, SourceDay
from reports.rollups.check import check_rollups
from tests.reports.stored import DAY, NOW, make_organisation, record, report, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation() -> Organisation:
    organisation = make_organisation()
    upload(report(record("192.0.2.1", 2), record("192.0.2.2", 3, dkim="pass")), organisation=organisation)
    upload(report(record("192.0.2.1", 5), domain="example.net"), organisation=organisation)
    return organisation


def run(*options: str) -> tuple[int, str]:
    """Exit code and output of the command."""
    out = StringIO()
    try:
        call_command("check_rollups", *options, stdout=out)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.parametrize("table", [SourceDay, DomainDay])
def test_a_sum_that_was_changed_is_found_and_named(organisation: Organisation, table: type[SourceDay]) -> None:
    table.objects.filter(domain__name="example.net").update(messages=7)
    assert run()[0] == 1
    assert f"example.net {DAY}: " in run()[1]
    assert "2 days of domains checked, 1 differed, 0 repaired." in run()[1]


def test_any_figure_of_a_bucket_counts_and_not_its_messages_alone(organisation: Organisation) -> None:
    SourceDay.objects.filter(domain__name="example.net").update(reporters=["Somebody Else"])
    SourceDay.objects.filter(domain__name="example.com", aligned=3).update(dkim_aligned=F("dkim_aligned") - 1)
    result = check_rollups(at=NOW, repair=False)
    assert (result.buckets, result.differing, result.repaired) == (2, 2, 0)


def test_sums_that_are_missing_and_sums_of_nothing_are_found(organisation: Organisation) -> None:
    SourceDay.objects.filter(domain__name="example.net").delete()
    AggregateReport.objects.filter(domain__name="example.com").delete()
    assert check_rollups(at=NOW, repair=False).differing == 2


def test_repair_makes_the_sums_right_and_says_so(organisation: Organisation) -> None:
    before = list(SourceDay.objects.order_by("pk").values()), list(DomainDay.objects.order_by("pk").values())
    SourceDay.objects.update(messages=1)
    DomainDay.objects.filter(domain__name="example.net").delete()
    code, words = run("--repair")
    assert (code, words.splitlines()[-1]) == (1, "2 days of domains checked, 2 differed, 2 repaired.")
    after = list(SourceDay.objects.order_by("pk").values()), list(DomainDay.objects.order_by("pk").values())
    assert after == before
    assert run() == (0, "2 days of domains checked, 0 differed, 0 repaired.\n")


def test_what_does_not_count_is_no_difference(organisation: Organisation) -> None:
    AggregateReport.objects.update(is_counted=False)
    assert check_rollups(at=NOW, repair=True).differing == 2
    assert not SourceDay.objects.exists()


def test_days_whose_rows_are_gone_are_left_as_they_are(organisation: Organisation) -> None:
    AggregateReport.objects.all().delete()
    Domain.objects.filter(name="example.net").update(rows_since=DAY + timedelta(days=1))
    result = check_rollups(at=NOW, repair=True)
    assert (result.buckets, result.differing) == (1, 1)
    assert list(DomainDay.objects.values_list("domain__name", "messages")) == [("example.net", 5)]


def test_each_check_leaves_its_figures(organisation: Organisation) -> None:
    check_rollups(at=NOW, repair=False)
    found = RollupCheck.objects.get()
    assert (found.checked_at, found.buckets, found.differing) == (NOW, 2, 0)
    assert found.duration > timedelta()
