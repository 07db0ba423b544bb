"""Reports over several days: stored and counted as sent, marked, and spread in charts alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports.models import AggregateReport, Domain, Organisation, Source
from reports.selectors.overview import daily_volumes
from reports.selectors.scope import Scope
from reports.selectors.source_detail import source_days, source_totals
from reports.selectors.spans import DailyVolumes, parts, spread_over_days
from reports.vocabulary import DomainKind, Lens, Role
from tests.reports.pages import a_person, document, logged_in, words
from tests.reports.stored import make_organisation, record, report, upload

MONDAY = datetime(2023, 11, 13, tzinfo=UTC)
DAY = timedelta(days=1)


def _parts(messages: int, begin: datetime, end: datetime, *, days: int = 10) -> list[int]:
    since = MONDAY.date()
    return [part for _, part in parts(messages, begin=begin, end=end, since=since, until=since + (days - 1) * DAY)]


def test_parts_sum_up_to_the_whole_and_lie_within_one_message_of_their_share():
    for messages in (*range(40), 1_000_003, 2**63 - 1):
        for days in range(2, 9):
            found = _parts(messages, MONDAY, MONDAY + days * DAY)
            assert sum(found) == messages
            assert all(abs(part * days - messages) < days for part in found[:days])


def test_seven_days_that_end_on_the_last_second_are_seven_days():
    assert _parts(70, MONDAY, MONDAY + 7 * DAY - timedelta(seconds=1)) == [10, 10, 10, 10, 10, 10, 10]
    assert _parts(7, MONDAY, MONDAY + 7 * DAY) == [1, 1, 1, 1, 1, 1, 1, 0]


def test_a_day_of_which_a_report_covers_a_quarter_gets_a_quarter():
    assert _parts(48, MONDAY + timedelta(hours=18), MONDAY + timedelta(hours=66)) == [6, 24, 18]


def test_a_period_of_fifty_years_costs_no_more_than_the_days_shown():
    found = _parts(10**9, datetime(1980, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
    assert len(found) == 10
    assert set(found) == {10**9 // 18_263, 10**9 // 18_263 + 1}


@pytest.fixture
def ours(db: None) -> Organisation:
    return make_organisation("ours")


def _scope(ours: Organisation, *, since: datetime = MONDAY, days: int = 7, domain: str = "") -> Scope:
    return Scope(
        viewer=a_person(ours, Role.VIEWER),
        lens=Lens.ELSEWHERE,
        since=since.date(),
        until=(since + (days - 1) * DAY).date(),
        domain_id=Domain.objects.get(name=domain).pk if domain else None,
    )


def _week(
    *records: str, organisation: Organisation, report_id: str = "week", begin: datetime = MONDAY, **fields: Any
) -> None:
    start, end = int(begin.timestamp()), int((begin + 7 * DAY).timestamp()) - 1
    upload(report(*records, report_id=report_id, begin=start, end=end, **fields), organisation=organisation)


def _day(*records: str, organisation: Organisation, begin: datetime, report_id: str = "day") -> None:
    start = int(begin.timestamp())
    upload(report(*records, report_id=report_id, begin=start, end=start + 86_399), organisation=organisation)


def _drawn(volumes: DailyVolumes, verdict: str = "suspicious") -> dict[date, int]:
    return {day: counts[verdict] for day, counts in sorted(volumes.drawn.items()) if counts.get(verdict)}


def _days(*values: int, begin: datetime = MONDAY) -> dict[date, int]:
    return {(begin + place * DAY).date(): value for place, value in enumerate(values) if value}


def test_a_week_is_counted_on_its_middle_and_drawn_over_seven_days(ours: Organisation) -> None:
    _week(record(count=70), organisation=ours)
    _day(record(count=5), organisation=ours, begin=MONDAY + DAY)
    scope = _scope(ours)
    volumes = spread_over_days(daily_volumes(scope), scope)
    assert volumes.counted == {
        date(2023, 11, 14): {"suspicious": 5},
        date(2023, 11, 16): {"suspicious": 70},
    }
    assert _drawn(volumes) == _days(10, 15, 10, 10, 10, 10, 10)
    assert volumes.spread == 70


def test_days_look_the_same_however_many_are_shown(ours: Organisation) -> None:
    _week(record(count=70), organisation=ours)
    before = _scope(ours, since=MONDAY - 5 * DAY)
    volumes = spread_over_days(daily_volumes(before), before)
    assert (volumes.counted, _drawn(volumes), volumes.spread) == ({}, _days(10, 10), 20)


def test_twenty_seven_hours_are_a_day_and_a_second_more_is_not(ours: Organisation) -> None:
    start = int(MONDAY.timestamp())
    for report_id, seconds in (("day", 27 * 3600), ("longer", 27 * 3600 + 1)):
        upload(report(record(count=9), report_id=report_id, begin=start, end=start + seconds), organisation=ours)
    scope = _scope(ours)
    volumes = spread_over_days(daily_volumes(scope), scope)
    assert (_drawn(volumes), volumes.spread) == (_days(9 + 8, 1), 9)


def test_verdicts_domains_and_lenses_are_spread_apart(ours: Organisation) -> None:
    Domain.objects.create(organisation=ours, name="example.org", kind=DomainKind.OWN)
    aligned = record(count=14, dkim="pass", signature=("example.com", "pass"))
    _week(record(count=7), aligned, organisation=ours)
    _week(record(count=700, header_from="example.org"), organisation=ours, domain="example.org", report_id="org")
    scope = _scope(ours, domain="example.com")
    volumes = spread_over_days(daily_volumes(scope), scope)
    assert _drawn(volumes) == _days(1, 1, 1, 1, 1, 1, 1)
    assert _drawn(volumes, "aligned") == _days(2, 2, 2, 2, 2, 2, 2)


def test_another_organisation_and_reports_that_do_not_count_add_nothing(ours: Organisation) -> None:
    other = make_organisation("other")
    _week(record(count=70), organisation=other)
    _week(record(count=70), organisation=ours)
    AggregateReport.objects.filter(organisation=ours).update(is_counted=False)
    scope = _scope(ours)
    assert spread_over_days({}, scope) == DailyVolumes(counted={}, drawn={})


def test_one_source_is_drawn_by_itself_and_its_sums_stay(ours: Organisation) -> None:
    _week(record("192.0.2.1", 70), record("192.0.2.2", 7), organisation=ours)
    scope, source = _scope(ours), Source.objects.get(address="192.0.2.2")
    volumes = spread_over_days(source_days(scope, source=source), scope, source=source)
    assert _drawn(volumes) == _days(1, 1, 1, 1, 1, 1, 1)
    totals = source_totals(scope, source=source)
    assert (totals.messages, totals.first, totals.last) == (7, date(2023, 11, 16), date(2023, 11, 16))


def test_rows_that_are_gone_leave_the_sums_as_they_are(ours: Organisation) -> None:
    _week(record(count=70), organisation=ours)
    scope = _scope(ours)
    counted = daily_volumes(scope)
    AggregateReport.objects.all().delete()
    assert spread_over_days(counted, scope).drawn == {date(2023, 11, 16): {"suspicious": 70}}


def test_one_query_asks_for_long_reports_and_a_second_one_for_their_rows(ours: Organisation) -> None:
    _day(record(count=5), organisation=ours, begin=MONDAY)
    scope = _scope(ours)
    for expected in (1, 2):
        with CaptureQueriesContext(connection) as queries:
            spread_over_days({}, scope)
        assert len(queries) == expected
        _week(record(count=70), organisation=ours)


def test_pages_draw_and_tabulate_the_same_figures_and_say_so(ours: Organisation) -> None:
    begin = timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - 10 * DAY
    _week(record(count=70), organisation=ours, begin=begin)
    client, source = logged_in(ours, Role.ANALYST), Source.objects.get()
    for url in ("/?lens=elsewhere", f"/sources/{source.pk}/?lens=elsewhere"):
        response = client.get(url)
        (figure,) = document(response).xpath("//figure[@class='chart']")
        shown = {row.xpath("string(th)"): row.xpath("string(td)") for row in figure.xpath(".//tbody/tr")}
        expected = _days(10, 10, 10, 10, 10, 10, 10, begin=begin)
        assert {day: count for day, count in shown.items() if count != "0"} == {
            day.isoformat(): str(count) for day, count in expected.items()
        }
        assert "70 messages in this chart come from reports over several days" in words(response)
        assert figure.xpath("string(figcaption)").startswith("70 of 70 messages failed DMARC in these 30 days")


def test_lists_and_reports_mark_a_long_period(ours: Organisation) -> None:
    _week(record(count=70), organisation=ours)
    _day(record(count=5), organisation=ours, begin=MONDAY)
    client = logged_in(ours, Role.ANALYST)
    assert words(client.get("/reports/?days=all")).count("longer than a day (> 27 h)") == 1
    page = words(client.get(f"/reports/{AggregateReport.objects.get(report_id='week').pk}/"))
    assert "Counted on 16 Nov 2023 , the middle of the period; charts spread its messages evenly" in page
    assert "27 h" not in words(client.get(f"/reports/{AggregateReport.objects.get(report_id='day').pk}/"))
