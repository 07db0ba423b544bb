"""Messages read again whose reports stay where they are: what differs is renewed in its place, all else needs deciding."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction

from reports.ingest.read import read
from reports.models import AggregateReport, AggregateRow, Message, Organisation
from reports.reread import replace
from reports.reread.compare import Compared, compare
from reports.reread.renew import renew
from reports.rollups.check import check_rollups
from reports.vocabulary import RepairCode
from tests.reports.stored import NOW, make_organisation, record, report
from tests.reports.test_reread import LATER, bring, mail, reread, tables

SPOILT = "UPDATE reports_aggregatereport SET org_name = 'Old', rows_hash = 'old', repairs = '[{}]'"


@pytest.fixture
def organisation(db: None) -> Organisation:
    return make_organisation()


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The messages that came to be replaced, which is what this is all about not to do."""
    seen: list[int] = []
    real = replace.replace

    def noted(readings: Any, **others: Any) -> set[int]:
        seen.extend(pk for pk, _ in readings)
        return real(readings, **others)

    monkeypatch.setattr(replace, "replace", noted)
    return seen


def letters(count: int) -> list[bytes]:
    return [mail(report(record(count=10 + n), report_id=f"r-{n}"), number=n) for n in range(count)]


def fill(organisation: Organisation, *, count: int = 3) -> list[int]:
    return [bring(data, organisation).message_id or 0 for data in letters(count)]


def spoil(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def compared(organisation: Organisation, pk: int, data: bytes) -> Compared:
    return compare([(pk, read(data))], organisation=organisation, at=LATER)


def test_values_rows_and_ends_are_renewed_without_deciding_anything(
    organisation: Organisation, decided: list[int]
) -> None:
    pks = fill(organisation)
    before = tables()
    spoil(
        SPOILT + f" WHERE message_id = {pks[0]}",
        "UPDATE reports_aggregaterow SET count = count + 1 WHERE report_id IN "
        f"(SELECT id FROM reports_aggregatereport WHERE message_id = {pks[1]})",
        f"UPDATE reports_message SET outcome = 'partial', reason = 'old' WHERE id = {pks[2]}",
    )
    assert check_rollups(at=NOW, repair=True).differing == 1
    job = reread(organisation)
    assert tables() == before
    assert decided == []
    assert job.result["outcomes"] == {"partial stored": 1}
    assert [each["message"] for each in job.result["listed"]] == pks
    assert (job.result["before"], job.result["after"]) == (
        {"reports": 3, "rows": 3, "messages": 34, "rejected": 0, "repairs": 1},
        {"reports": 3, "rows": 3, "messages": 33, "rejected": 0, "repairs": 0},
    )
    assert set(Message.objects.values_list("read_at", flat=True)) == {LATER}
    assert check_rollups(at=NOW, repair=False).differing == 0


def test_a_row_too_many_goes_and_one_that_was_missed_comes(organisation: Organisation, decided: list[int]) -> None:
    first, second, _ = fill(organisation)
    before = tables()
    spoil(
        "UPDATE reports_aggregaterow SET position = 7",
        f"DELETE FROM reports_aggregaterow r USING reports_aggregatereport p WHERE p.id = r.report_id AND p.message_id = {first}",
    )
    job = reread(organisation)
    assert tables() == before
    assert (job.result["before"]["rows"], job.result["after"]["rows"], job.result["changed"]) == (2, 3, 3)
    assert decided == []
    assert second in [each["message"] for each in job.result["listed"]]


def test_a_dry_run_renews_nothing(organisation: Organisation, decided: list[int]) -> None:
    fill(organisation)
    AggregateRow.objects.update(count=1000)
    before = tables()
    job = reread(organisation, dry_run=True)
    assert tables() == before
    assert decided == []
    assert (job.result["before"]["messages"], job.result["after"]["messages"]) == (3000, 33)


def test_where_a_report_has_a_rival_it_is_decided(organisation: Organisation, decided: list[int]) -> None:
    alone = fill(organisation, count=1)
    rivals = [
        bring(mail(report(record(count=count)), number=count), organisation, hours=count).message_id or 0
        for count in (20, 30)
    ]
    before = tables()
    AggregateRow.objects.update(count=1000)
    reread(organisation)
    assert tables() == before
    assert sorted(decided) == rivals
    assert alone[0] not in decided


def test_rivals_that_are_no_longer_marked_as_such_are_decided_about(
    organisation: Organisation, decided: list[int]
) -> None:
    rivals = [
        bring(mail(report(record(count=count)), number=count), organisation, hours=count).message_id or 0
        for count in (20, 30)
    ]
    before = tables()
    AggregateRow.objects.update(count=1000)
    AggregateReport.objects.update(is_conflicting=False)
    reread(organisation)
    assert tables() == before
    assert sorted(decided) == rivals


def test_where_a_report_came_again_it_is_decided(organisation: Organisation, decided: list[int]) -> None:
    pks = fill(organisation, count=2)
    again = bring(mail(report(record(count=10), report_id="r-0"), number=9), organisation, hours=1).message_id or 0
    before = tables()
    AggregateRow.objects.update(count=1000)
    reread(organisation)
    assert tables() == before
    assert set(decided) == {pks[0], again}


@pytest.mark.parametrize(
    "meanwhile",
    [
        "UPDATE reports_aggregatereport SET sightings = 2",
        "UPDATE reports_aggregatereport SET is_secondhand = true WHERE report_id = 'r-1'",
        "UPDATE reports_aggregatereport SET is_counted = false, superseded_by_id = "
        "(SELECT min(id) FROM reports_aggregatereport) WHERE report_id = 'r-1'",
        "DELETE FROM reports_aggregatereport",
    ],
    ids=["seen again", "one of parsedmarc", "another stands back", "gone"],
)
def test_what_somebody_changed_since_it_was_compared_is_left_to_be_decided(
    organisation: Organisation, meanwhile: str
) -> None:
    first, _ = fill(organisation, count=2)
    AggregateRow.objects.update(count=1000)
    found = compared(organisation, first, letters(1)[0])
    assert list(found.renewals) == [first]
    spoil(meanwhile)
    with transaction.atomic():
        assert renew(found.renewals, organisation=organisation, at=LATER) == set()
    assert Message.objects.get(pk=first).read_at != LATER
    assert set(AggregateRow.objects.values_list("count", flat=True)) <= {1000}


def test_nothing_is_compared_where_one_was_rebuilt_from_parsedmarc(organisation: Organisation) -> None:
    pks = fill(organisation, count=1)
    AggregateReport.objects.update(is_secondhand=True, repairs=[{"code": RepairCode.FROM_PARSEDMARC}])
    found = compared(organisation, pks[0], letters(1)[0])
    assert (dict(found.same), dict(found.renewals)) == ({}, {})


def test_it_takes_the_same_number_of_statements_however_many_messages(organisation: Organisation) -> None:
    assert statements_for(2, organisation) == statements_for(12, organisation)


def statements_for(messages: int, organisation: Organisation) -> int:
    """How many statements it takes to renew so many messages; they go again."""
    fill(organisation, count=messages)
    AggregateRow.objects.update(count=1000)
    taken: list[str] = []

    def counted(execute: Any, statement: str, *others: Any) -> Any:
        taken.append(statement)
        return execute(statement, *others)

    with connection.execute_wrapper(counted):
        reread(organisation)
    AggregateReport.objects.all().delete()
    Message.objects.all().delete()
    return len(taken)
