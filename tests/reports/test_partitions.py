"""Rows lie in partitions by month; absurd days and a missing partition change nothing but the place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction

from reports.models import AggregateReport, AggregateRow, DomainDay, Organisation
from reports.partitions import REST, TABLE, Month, make_months, months_made
from tests.reports.stored import NOW, make_organisation, record, report, rows_of, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


def places() -> list[tuple[str, int]]:
    """Partition and rows in it, by name."""
    return rows_of(f"SELECT tableoid::regclass::text, count(*) FROM {TABLE} GROUP BY 1 ORDER BY 1")


def seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def upload_of(day: date, *, organisation: Organisation, report_id: str = "r-1", at: datetime = NOW) -> None:
    begin = seconds(day)
    data = report(record(count=2), report_id=report_id, begin=begin, end=begin + 86399)
    upload(data, organisation=organisation, at=at)


def test_absurd_days_make_no_partition_and_are_counted_all_the_same(organisation: Organisation) -> None:
    before = months_made()
    for day in (
        date(1970, 1, 2),
        NOW.date() - timedelta(days=1826),
        NOW.date() + timedelta(days=366),
        date(2099, 7, 1),
    ):
        upload_of(day, organisation=organisation, report_id=str(day))
    assert months_made() == before
    assert places() == [(REST, 4)]
    assert DomainDay.objects.count() == 4


def test_every_day_of_the_years_in_reach_makes_73_partitions_at_most(organisation: Organisation) -> None:
    at = datetime(2003, 11, 16, tzinfo=UTC)
    before = set(months_made())
    make_months([at.date() + timedelta(days=each) for each in range(-4000, 4000)], at=at)
    made = sorted(set(months_made()) - before)
    assert len(made) == 73
    assert (made[0], made[-1]) == (Month(date(1998, 11, 1)), Month(date(2004, 11, 1)))


def test_a_row_lies_in_the_partition_of_its_month(organisation: Organisation) -> None:
    upload_of(date(2023, 11, 30), organisation=organisation)
    upload_of(date(2023, 12, 1), organisation=organisation)
    assert places() == [(f"{TABLE}_2023_11", 1), (f"{TABLE}_2023_12", 1)]


def test_a_month_that_comes_into_reach_takes_its_rows_from_the_default_partition(organisation: Organisation) -> None:
    now, day = datetime(2003, 11, 16, tzinfo=UTC), date(2003, 11, 26)
    early = now - timedelta(days=400)
    upload_of(day, organisation=organisation, at=early)
    upload_of(date(2099, 7, 1), organisation=organisation, report_id="r-2", at=early)
    assert places() == [(REST, 2)]
    make_months([day], at=now)
    assert places() == [(f"{TABLE}_2003_11", 1), (REST, 1)]


def test_a_deleted_report_takes_its_rows_along_and_no_others(organisation: Organisation) -> None:
    upload_of(date(2023, 11, 30), organisation=organisation)
    upload_of(date(2023, 11, 30), organisation=organisation, report_id="r-2")
    AggregateReport.objects.filter(report_id="r-1").delete()
    assert list(AggregateRow.objects.values_list("report__report_id", flat=True)) == ["r-2"]


@pytest.mark.django_db(transaction=True)
def test_workers_that_want_the_same_month_at_once_all_go_on() -> None:
    errors: list[Exception] = []

    def work() -> None:
        try:
            make_months([date(2023, 2, 3), date(2023, 3, 4)], at=NOW)
        except Exception as error:  # noqa: BLE001  (of another thread)
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert {Month(date(2023, 2, 1)), Month(date(2023, 3, 1))} <= set(months_made())


@pytest.mark.django_db(transaction=True)
def test_a_month_is_left_for_later_while_somebody_holds_the_default_partition(monkeypatch: Any) -> None:
    monkeypatch.setattr("reports.partitions.WAIT_MILLISECONDS", 50)
    before = months_made()

    def work() -> None:
        make_months([date(2022, 5, 5)], at=NOW)
        connection.close()

    with transaction.atomic():
        AggregateRow.objects.count()
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert months_made() == before
    make_months([date(2022, 5, 5)], at=NOW)
    assert Month(date(2022, 5, 1)) in months_made()
