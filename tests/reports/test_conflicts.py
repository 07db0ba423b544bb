"""Reports of one identity in the database: which count, whatever the order of arrival, of checks and of workers."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction

from reports.ingest import conflicts
from reports.ingest.conflicts import settle
from reports.ingest.outcome import Result
from reports.ingest.pipeline import ingest_bytes
from reports.ingest.raw import bytes_of
from reports.ingest.read import read
from reports.ingest.sender.judge import Sender
from reports.ingest.sender_checks import Found, write
from reports.models import AggregateReport, DomainDay, FailureReport, Message, Organisation, Sighting
from reports.reread.replace import replace
from reports.vocabulary import Channel, SenderCheck, SenderReason
from tests.reports.samples import FEEDBACK, failure_mail, report_mail
from tests.reports.stored import DAY, NOW, make_organisation, record, report, rows_of

NAME = "receiver.example!example.com!1700000000!1700086399.xml"
VERIFIED = Sender(SenderCheck.VERIFIED, SenderReason.SIGNATURE_HOLDS, "receiver.example", "receiver.example")
BELOW = Sender(SenderCheck.VERIFIED, SenderReason.SIGNATURE_HOLDS, "dmarc.receiver.example", "receiver.example")
STRANGER = Sender(SenderCheck.VERIFIED, SenderReason.SIGNATURE_HOLDS, "stranger.example", "stranger.example")
FORGED = Sender(SenderCheck.UNVERIFIED, SenderReason.SIGNATURE_BROKEN, "receiver.example", "receiver.example")
TRUE, OTHER, FALSE = report(record(count=10)), report(record(count=20)), report(record(count=1000))


@pytest.fixture
def organisation(db: None) -> Organisation:
    return make_organisation()


def bring(content: bytes, organisation: Organisation, *, hours: int = 0, name: str = NAME) -> Result:
    mail = report_mail((content, name))
    mail.set_boundary(f"b{abs(hash(content))}-{hours}")
    return ingest_bytes(
        mail.as_bytes(), organisation=organisation, channel=Channel.IMAP, at=NOW + timedelta(hours=hours)
    )


def check(result: Result, sender: Sender) -> None:
    assert result.message_id
    write([Found(result.message_id, sender)], at=NOW)


def state() -> dict[int, tuple[bool, bool, int | None]]:
    """Messages of each report -> whether it counts, whether it conflicts, and the messages of what supersedes it."""
    rows = AggregateReport.objects.values_list("messages", "is_counted", "is_conflicting", "superseded_by__messages")
    return {messages: (counted, conflicting, heir) for messages, counted, conflicting, heir in rows}


def total() -> int:
    return sum(DomainDay.objects.values_list("messages", flat=True))


def test_two_that_nobody_proved_count_both_and_are_marked(organisation: Organisation) -> None:
    bring(TRUE, organisation)
    bring(FALSE, organisation, hours=1)
    assert state() == {10: (True, True, None), 1000: (True, True, None)}
    assert total() == 1010


def test_a_forged_report_never_shadows_the_true_one(organisation: Organisation) -> None:
    check(bring(TRUE, organisation), VERIFIED)
    check(bring(FALSE, organisation, hours=1), FORGED)
    assert state() == {10: (True, True, None), 1000: (True, True, None)}
    assert total() == 1010


def test_the_true_one_that_comes_later_is_the_only_one_to_count(organisation: Organisation) -> None:
    check(bring(FALSE, organisation), FORGED)
    check(bring(TRUE, organisation, hours=1), VERIFIED)
    assert state() == {10: (True, False, None), 1000: (False, False, 10)}
    assert total() == 10


def test_a_stranger_who_proves_himself_replaces_nobody_else(organisation: Organisation) -> None:
    check(bring(TRUE, organisation), VERIFIED)
    check(bring(FALSE, organisation, hours=1), STRANGER)
    assert total() == 1010


def test_nor_does_a_customer_of_the_reporter_who_has_an_address_above_that_of_its_reports(
    organisation: Organisation,
) -> None:
    check(bring(TRUE, organisation), BELOW)
    check(bring(FALSE, organisation, hours=1), VERIFIED)
    assert state() == {10: (True, True, None), 1000: (True, True, None)}


def test_three_reports_under_three_names_all_count(organisation: Organisation) -> None:
    for hours, content in enumerate((TRUE, OTHER, FALSE)):
        check(bring(content, organisation, hours=hours, name=f"brand{hours}.xml"), VERIFIED)
    assert total() == 1030


def test_a_copy_that_is_proven_proves_the_report_that_an_unproven_copy_brought_first(
    organisation: Organisation,
) -> None:
    check(bring(TRUE, organisation), FORGED)
    check(bring(FALSE, organisation, hours=1), FORGED)
    check(bring(OTHER, organisation, hours=2), FORGED)
    again = bring(OTHER, organisation, hours=3)
    assert total() == 1030
    check(again, VERIFIED)
    assert state() == {10: (False, False, 20), 1000: (False, False, 20), 20: (True, False, None)}
    assert total() == 20
    stands = AggregateReport.objects.get(messages=20)
    assert stands.message_id != again.message_id
    assert (stands.proven_by_id, stands.sightings) == (again.message_id, 2)
    assert list(Sighting.objects.values_list("aggregate_id", flat=True)) == [stands.pk]


@pytest.mark.parametrize("whole_first", [True, False])
def test_a_truncated_report_gives_way_to_the_whole_one(organisation: Organisation, *, whole_first: bool) -> None:
    whole = report(record("192.0.2.1", 10), record("192.0.2.1", 10), record("192.0.2.2", 5))
    broken = whole[: whole.index(b"192.0.2.2")]
    for hours, content in enumerate((whole, broken) if whole_first else (broken, whole)):
        bring(content, organisation, hours=hours)
    assert state() == {25: (True, False, None), 20: (False, False, 25)}
    assert total() == 25


def test_it_does_not_where_the_other_lacks_a_row_of_it(organisation: Organisation) -> None:
    whole = report(record("192.0.2.1", 10), record("192.0.2.2", 5))
    bring(whole[: whole.index(b"192.0.2.2")], organisation)
    bring(report(record("192.0.2.1", 11), record("192.0.2.2", 5)), organisation, hours=1)
    assert total() == 26


@pytest.mark.django_db
def test_any_order_of_arrival_and_of_checks_ends_alike() -> None:
    """Each content has its hour; workers and checks come in any order."""
    facts: list[tuple[bytes, int, Sender]] = [
        (FALSE, 0, FORGED), (TRUE, 1, VERIFIED), (OTHER, 2, VERIFIED), (TRUE, 3, FORGED),
    ]  # fmt: skip
    ends: set[Any] = set()
    for number, order in enumerate(permutations(range(4))):
        organisation = make_organisation(f"org-{number}")
        results = {place: bring(facts[place][0], organisation, hours=facts[place][1]) for place in order}
        for place in reversed(order):
            check(results[place], facts[place][2])
        mine = AggregateReport.objects.filter(organisation=organisation)
        rows = mine.order_by("messages").values_list("messages", "is_counted", "superseded_by__messages", "sightings")
        proven = mine.get(messages=10).proven_by_id or mine.get(messages=10).message_id
        sums = DomainDay.objects.filter(organisation=organisation).values_list("messages", flat=True)
        ends.add((*rows, sum(sums), proven == results[1].message_id))
    assert ends == {((10, False, 20, 2), (20, True, None, 1), (1000, False, 20, 1), 20, True)}


@pytest.mark.django_db
def test_the_name_of_the_copy_that_arrived_first_decides_in_whatever_order_copies_are_read() -> None:
    """By its own name it is replaced, by those of later copies it would not be; a copy without a name says nothing."""
    facts = [(TRUE, 1, NAME), (TRUE, 3, "brand.xml"), (TRUE, 0, ""), (OTHER, 2, NAME)]
    ends: set[Any] = set()
    for number, order in enumerate(permutations(range(4))):
        organisation = make_organisation(f"org-{number}")
        for place in order:
            content, hours, name = facts[place]
            check(bring(content, organisation, hours=hours, name=name), VERIFIED)
        ends.add(told(organisation))
        read_again(AggregateReport.objects.get(organisation=organisation, messages=10).message_id)
        ends.add(told(organisation))
    assert ends == {((10, False, 20, 3), (20, True, None, 1))}


def told(organisation: Organisation) -> tuple[Any, ...]:
    mine = AggregateReport.objects.filter(organisation=organisation).order_by("messages")
    return tuple(mine.values_list("messages", "is_counted", "superseded_by__messages", "sightings"))


def read_again(message_id: int) -> None:
    message = Message.objects.select_related("raw", "organisation").get(pk=message_id)
    assert message.raw
    with transaction.atomic():
        replace([(message_id, read(bytes_of(message.raw)))], organisation=message.organisation, at=NOW)
    assert Message.objects.get(pk=message_id).sender_check == SenderCheck.VERIFIED


def test_of_hundreds_of_copies_the_proven_one_is_found_and_few_are_looked_at(organisation: Organisation) -> None:
    bring(TRUE, organisation)
    stored = AggregateReport.objects.get()
    for number in range(300):
        copy = Message.objects.create(
            organisation=organisation, channel=Channel.LMTP, received_at=NOW + timedelta(hours=number)
        )
        Sighting.objects.create(
            organisation=organisation,
            message=copy,
            payload_index=0,
            aggregate=stored,
            filename=stored.filename * (number % 2),
        )
    check(bring(TRUE, organisation, hours=301), VERIFIED)
    proven = Message.objects.get(sender_check=SenderCheck.VERIFIED)
    stored.refresh_from_db()
    assert stored.proven_by == proven
    looked_at = conflicts._mails_of([stored], organisation_id=organisation.pk)[stored.pk]
    assert [(each.arrived, each.domain, each.filename) for each in sorted(looked_at)] == [
        (NOW, "", stored.filename),
        (NOW, "", ""),
        (NOW + timedelta(hours=1), "", stored.filename),
        (NOW + timedelta(hours=301), "receiver.example", stored.filename),
    ]


def test_settling_again_changes_nothing(organisation: Organisation) -> None:
    check(bring(FALSE, organisation), FORGED)
    check(bring(TRUE, organisation, hours=1), VERIFIED)
    identity = bytes(AggregateReport.objects.all()[0].identity)
    before = rows_of("SELECT * FROM reports_aggregatereport ORDER BY id")
    assert settle([(DAY, identity)], organisation_id=organisation.pk) == set()
    assert rows_of("SELECT * FROM reports_aggregatereport ORDER BY id") == before


def test_a_failure_report_without_a_time_is_known_again_on_another_day(organisation: Organisation) -> None:
    lines = failure_mail(feedback=FEEDBACK.replace("Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\n", "")).splitlines()
    mail = b"\n".join(line for line in lines if not line.startswith(b"Date: Tue, 14 Nov 2023 22:15"))
    first = ingest_bytes(mail, organisation=organisation, channel=Channel.IMAP, at=NOW)
    again = ingest_bytes(mail + b"\n", organisation=organisation, channel=Channel.IMAP, at=NOW + timedelta(days=40))
    assert (first.outcome, again.outcome) == ("stored", "duplicate")
    stored = FailureReport.objects.get()
    assert (stored.sightings, stored.arrived_at) == (2, NOW)
    assert Sighting.objects.get().failure_id == stored.pk


def test_a_message_without_reports_is_never_asked_about(organisation: Organisation) -> None:
    result = ingest_bytes(b"From: a@example.com\n\nlunch?", organisation=organisation, channel=Channel.IMAP, at=NOW)
    assert Message.objects.get(pk=result.message_id).sender_check == "unknown"
