"""What came in, day by day: the days that are over are added up once for each state of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reports import jobs
from reports.models import AggregateReport, Message, Organisation
from reports.selectors.arrivals import outcomes_by_day, rows_by_day
from reports.viewer import Viewer
from reports.vocabulary import JobKind, JobState, Role
from tests.reports.stored import NOW, make_organisation, record, report, upload

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
YESTERDAY = TODAY - timedelta(days=1)
SINCE = TODAY - timedelta(days=29)


@pytest.fixture
def viewer() -> Viewer:
    ours = make_organisation("ours")
    arrive(ours, "r-1", records=2, at=NOW - timedelta(days=1))
    arrive(ours, "r-2", records=1, at=NOW)
    return Viewer(
        user_id=1, user_name="ann", organisation_id=ours.pk, organisation_name="ours", is_demo=False, role=Role.VIEWER
    )


def arrive(organisation: Organisation, report_id: str, *, records: int, at: datetime) -> None:
    rows = [record(f"192.0.2.{number}") for number in range(1, records + 1)]
    upload(report(*rows, report_id=report_id), organisation=organisation, at=at)


def rows(viewer: Viewer) -> dict[date, int]:
    return rows_by_day(viewer, since=SINCE, today=TODAY, outcomes=outcomes_by_day(viewer, since=SINCE))


def asks(viewer: Viewer) -> int:
    """How many queries of reports the rows took."""
    with CaptureQueriesContext(connection) as asked:
        rows(viewer)
    return sum("SUM(" in query["sql"] for query in asked)


def test_mails_are_counted_by_their_ends_and_rows_on_the_day_on_which_they_came_in(viewer: Viewer) -> None:
    assert outcomes_by_day(viewer, since=SINCE) == [
        {"on": YESTERDAY, "outcome": "stored", "total": 1},
        {"on": TODAY, "outcome": "stored", "total": 1},
    ]
    assert rows(viewer) == {YESTERDAY: 2, TODAY: 1}


def test_nothing_came_in(viewer: Viewer) -> None:
    assert rows_by_day(viewer, since=TODAY + timedelta(days=1), today=TODAY + timedelta(days=2), outcomes=[]) == {}


def test_a_mail_of_today_asks_for_today_alone(viewer: Viewer) -> None:
    assert asks(viewer) == 2
    arrive(Organisation.objects.get(), "r-3", records=3, at=NOW)
    assert asks(viewer) == 1
    assert rows(viewer) == {YESTERDAY: 2, TODAY: 4}


def test_a_mail_that_is_entered_late_counts_on_its_day(viewer: Viewer) -> None:
    rows(viewer)
    arrive(Organisation.objects.get(), "r-3", records=3, at=NOW - timedelta(days=1))
    assert rows(viewer) == {YESTERDAY: 5, TODAY: 1}


def test_what_was_read_again_or_let_go_is_added_up_anew(viewer: Viewer) -> None:
    rows(viewer)
    ours = Organisation.objects.get()
    job = jobs.start(JobKind.REREAD, organisation=ours, parameters={}, total=1, at=NOW)
    AggregateReport.objects.filter(report_id="r-1").update(rows=7)
    assert rows(viewer) == {YESTERDAY: 7, TODAY: 1}
    jobs.finish(job, JobState.DONE, at=NOW)
    AggregateReport.objects.filter(report_id="r-1").update(rows=8)
    assert rows(viewer) == {YESTERDAY: 8, TODAY: 1}
    AggregateReport.objects.filter(report_id="r-1").delete()
    assert rows(viewer) == {TODAY: 1}


def test_who_sees_other_domains_is_told_other_rows(viewer: Viewer) -> None:
    rows(viewer)
    assert rows(replace(viewer, domain_ids=())) == {}


def test_a_message_that_ends_otherwise_is_added_up_anew(viewer: Viewer) -> None:
    rows(viewer)
    assert asks(viewer) == 1
    Message.objects.filter(received_at__date=YESTERDAY).update(outcome="partial")
    assert asks(viewer) == 2
