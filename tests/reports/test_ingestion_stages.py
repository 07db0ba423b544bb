"""The strip of stages says what passed, what waits and since when; a reporter that falls silent is named."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from reports.ingest.places.secrets import sealed_secret
from reports.models import Mailbox, Message, Node, Organisation
from reports.selectors import reporters
from reports.selectors.reporters import expected_reporters
from reports.selectors.stages import StageState, stages
from reports.viewer import Viewer
from reports.vocabulary import Channel, Outcome, Role, Stage
from tests.reports.pages import a_person, logged_in, words
from tests.reports.stored import make_organisation, record, report, upload

pytestmark = pytest.mark.django_db
TODAY = timezone.now().replace(hour=12)


def state_of(ours: Organisation, stage: Stage) -> StageState:
    viewer = Viewer(0, "", ours.pk, "", is_demo=False, role=Role.AUDITOR)
    return next(state for state in stages(viewer, now=timezone.now()) if state.stage == stage)


def a_mailbox(ours: Organisation, **fields: object) -> Mailbox:
    return Mailbox.objects.create(
        organisation=ours, name="Reports",
        secret=sealed_secret("secret"), **fields,
    )  # fmt: skip


def report_about(ours: Organisation, day: date, *, reporter: str) -> None:
    begin = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    content = report(record(), report_id=f"{reporter} {day}", org_name=reporter, begin=begin, end=begin + 86_399)
    upload(content, organisation=ours)


def test_nothing_waits_and_nothing_is_late_where_nothing_came(ours: Organisation) -> None:
    found = stages(a_person(ours, Role.AUDITOR), now=timezone.now())
    assert [(state.stage, state.passed, state.waiting, state.is_late) for state in found] == [
        (stage, 0, 0, False) for stage in Stage
    ]


def test_what_another_organisation_has_is_not_counted(ours: Organisation) -> None:
    upload(report(record()), organisation=make_organisation("theirs"), at=timezone.now())
    assert state_of(ours, Stage.READ).passed == 0
    assert state_of(ours, Stage.STORE).passed == 0


def test_a_mail_that_nobody_reads_makes_its_stage_late(ours: Organisation) -> None:
    now = timezone.now()
    Message.objects.create(organisation=ours, channel=Channel.FILE, received_at=now - timedelta(minutes=14))
    assert (state_of(ours, Stage.READ).waiting, state_of(ours, Stage.READ).is_late) == (1, False)
    oldest = now - timedelta(minutes=16)
    Message.objects.create(organisation=ours, channel=Channel.FILE, received_at=oldest)
    late = state_of(ours, Stage.READ)
    assert (late.waiting, late.oldest, late.is_late) == (2, oldest, True)


def test_a_mailbox_that_is_not_visited_makes_fetching_late(ours: Organisation) -> None:
    box = a_mailbox(ours)
    Mailbox.objects.filter(pk=box.pk).update(due_at=timezone.now() - timedelta(minutes=20))
    state = state_of(ours, Stage.FETCH)
    assert (state.waiting, state.is_late) == (1, True)


def test_a_mail_that_was_read_and_not_acknowledged_waits_there(ours: Organisation) -> None:
    now = timezone.now()
    Message.objects.create(
        organisation=ours, channel=Channel.IMAP, mailbox=a_mailbox(ours), received_at=now - timedelta(hours=1),
        read_at=now - timedelta(minutes=59), outcome=Outcome.STORED,
    )  # fmt: skip
    state = state_of(ours, Stage.ACKNOWLEDGE)
    assert (state.passed, state.waiting, state.is_late) == (0, 1, True)
    assert state_of(ours, Stage.READ).usual == timedelta(minutes=1)


def test_rows_and_nodes_are_counted_in_their_own_unit(ours: Organisation) -> None:
    upload(report(record("192.0.2.1"), record("192.0.2.2")), organisation=ours, at=timezone.now())
    assert state_of(ours, Stage.STORE).passed == 2
    silent = timezone.now() - timedelta(minutes=30)
    Node.objects.create(organisation=ours, name="mx1", slug="mx1", token_sha256=b"1" * 32, last_contact_at=silent)
    Node.objects.create(
        organisation=ours, name="mx2", slug="mx2", token_sha256=b"2" * 32, last_contact_at=timezone.now()
    )
    state = state_of(ours, Stage.FILTER)
    assert (state.passed, state.waiting, state.is_late) == (1, 1, True)


def test_who_reported_on_fewer_than_seven_days_is_not_expected(ours: Organisation) -> None:
    for back in range(6):
        report_about(ours, TODAY.date() - timedelta(days=back + 1), reporter="Receiver")
    assert expected_reporters(a_person(ours, Role.AUDITOR), now=TODAY) == []


def test_a_daily_reporter_is_silent_after_two_days_and_a_weekly_one_is_not(ours: Organisation) -> None:
    for back in range(4, 14):
        report_about(ours, TODAY.date() - timedelta(days=back), reporter="Daily")
    for week in range(8):
        report_about(ours, TODAY.date() - timedelta(days=4 + 7 * week), reporter="Weekly")
    found = expected_reporters(a_person(ours, Role.AUDITOR), now=TODAY)
    assert [(each.name, each.days, each.silent_days, each.is_silent) for each in found] == [
        ("Daily", 10, 3, True),
        ("Weekly", 8, 3, False),
    ]


def test_names_that_strangers_make_up_fill_no_page(ours: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporters, "MOST_EXPECTED", 1)
    for name, days in (("Made up", 7), ("Daily", 10)):
        for back in range(2, 2 + days):
            report_about(ours, TODAY.date() - timedelta(days=back), reporter=name)
    assert [each.name for each in expected_reporters(a_person(ours, Role.AUDITOR), now=TODAY)] == ["Daily"]


def test_yesterdays_report_is_the_newest_to_expect(ours: Organisation) -> None:
    for back in range(2, 12):
        report_about(ours, TODAY.date() - timedelta(days=back), reporter="Daily")
    (found,) = expected_reporters(a_person(ours, Role.AUDITOR), now=TODAY)
    assert (found.silent_days, found.is_silent) == (1, False)


def test_the_page_names_the_silent_reporter_and_the_late_stage(ours: Organisation) -> None:
    for back in range(5, 15):
        report_about(ours, TODAY.date() - timedelta(days=back), reporter="Receiver of yore")
    Message.objects.create(organisation=ours, channel=Channel.FILE, received_at=timezone.now() - timedelta(hours=2))
    page = words(logged_in(ours, Role.VIEWER).get("/ingestion/"))
    assert "Receiver of yore silent for 4 days" in page
    assert "1 waits to be read · the oldest 2 hours ago" in page
