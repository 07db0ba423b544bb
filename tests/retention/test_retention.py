"""What goes when its time is over, and what stays: held, needed still, or younger than its term."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from reports.ingest.ledger import Arrival, take_in
from reports.ingest.raw import bytes_of, throw_away
from reports.models import (
    AggregateReport,
    AggregateRow,
    Domain,
    DomainDay,
    FailureReport,
    InboundEvent,
    Mailbox,
    Message,
    Node,
    Organisation,
    RawMessage,
    Retention,
    Sighting,
    Source,
    TlsReport,
)
from reports.partitions import REST, TABLE, months_made
from reports.retention.run import apply_retention, preview
from reports.rollups.buckets import Bucket
from reports.rollups.build import rebuild
from reports.rollups.check import check_rollups
from reports.sealing import Purpose, seal, unseal
from reports.vocabulary import Channel
from tests.reports.samples import failure_mail
from tests.reports.stored import DAY, NOW, make_organisation, record, report, rows_of, upload
from tests.reports.test_tls_store import policy, tls

pytestmark = pytest.mark.django_db
PAST = NOW + timedelta(days=800)
"""When the samples' reports are older than the default term of two years."""


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


def hold(name: str) -> None:
    Domain.objects.filter(name=name).update(held_at=NOW, held_by_name="Ada", hold_reason="case 7")


def places() -> list[tuple[Any, ...]]:
    return rows_of(f"SELECT tableoid::regclass::text, count(*) FROM {TABLE} GROUP BY 1 ORDER BY 1")


def test_nothing_goes_before_its_time(organisation: Organisation) -> None:
    upload(report(record()), organisation=organisation)
    upload(b"lunch?", organisation=organisation)
    assert set(apply_retention(at=NOW + timedelta(days=13))[organisation.pk].values()) == {0}
    assert RawMessage.objects.count() == 2
    assert AggregateRow.objects.count() == 1


def test_the_dry_run_says_what_would_go_and_changes_nothing(organisation: Organisation, capsys: Any) -> None:
    upload(report(record(), record("192.0.2.9")), organisation=organisation)
    assert {kind: count for kind, count in preview(organisation.pk, at=PAST).items() if count} == {
        "rows": 2, "reports": 1, "raw": 1,
    }  # fmt: skip
    call_command("apply_retention", "--dry-run")
    assert "would be dropped" in capsys.readouterr().out
    assert AggregateRow.objects.count() == 2
    assert Domain.objects.get(name="example.com").rows_since is None


def test_a_month_that_is_over_for_everybody_is_dropped_and_its_sums_stay(organisation: Organisation) -> None:
    upload(report(record(count=2)), organisation=organisation)
    apply_retention(at=PAST)
    assert DAY.replace(day=1) not in [month.first for month in months_made()]
    assert (AggregateRow.objects.count(), AggregateReport.objects.count()) == (0, 0)
    assert list(DomainDay.objects.values_list("messages", flat=True)) == [2]


def test_a_month_that_somebody_still_keeps_is_not_dropped(organisation: Organisation) -> None:
    other = make_organisation("other")
    Retention.objects.create(organisation=other, reports=2000, ledger=2000)
    upload(report(record()), organisation=organisation)
    upload(report(record()), organisation=other)
    apply_retention(at=PAST)
    assert list(AggregateRow.objects.values_list("organisation_id", flat=True)) == [other.pk]
    assert places() == [(f"{TABLE}_{DAY:%Y_%m}", 1)]


def test_what_is_held_survives_the_drop_of_its_month_with_raw_bytes_and_sums(organisation: Organisation) -> None:
    upload(report(record(count=2)), organisation=organisation)
    upload(report(record(count=3), domain="example.net"), organisation=organisation)
    hold("example.com")
    apply_retention(at=PAST)
    apply_retention(at=PAST)
    assert places() == [(REST, 1)]
    assert list(AggregateReport.objects.values_list("domain__name", flat=True)) == ["example.com"]
    assert [message.raw is not None for message in Message.objects.order_by("pk")] == [True]
    assert Domain.objects.get(name="example.com").rows_since is None
    assert check_rollups(at=PAST, repair=True).differing == 0


def test_what_is_held_no_more_goes_the_next_night(organisation: Organisation) -> None:
    upload(report(record(count=2)), organisation=organisation)
    hold("example.com")
    apply_retention(at=PAST)
    Domain.objects.update(held_at=None, held_by_name="", hold_reason="")
    apply_retention(at=PAST)
    assert not AggregateRow.objects.exists()
    assert not RawMessage.objects.exists()


def test_sums_of_days_whose_rows_are_gone_are_neither_repaired_nor_renewed(organisation: Organisation) -> None:
    upload(report(record(count=2)), organisation=organisation)
    apply_retention(at=PAST)
    assert check_rollups(at=PAST, repair=True).differing == 0
    rebuild([Bucket(organisation.pk, Domain.objects.get(name="example.com").pk, DAY)])
    upload(report(record(count=7), report_id="late"), organisation=organisation, at=PAST)
    assert list(DomainDay.objects.values_list("messages", flat=True)) == [2]


def test_a_longer_term_later_does_not_bring_the_horizon_back(organisation: Organisation) -> None:
    upload(report(record(count=2)), organisation=organisation)
    apply_retention(at=PAST)
    before = Domain.objects.get(name="example.com").rows_since
    Retention.objects.create(organisation=organisation, reports=3000, ledger=3000)
    apply_retention(at=PAST)
    assert Domain.objects.get(name="example.com").rows_since == before


def test_failure_reports_go_with_their_raw_mails_after_their_short_term(organisation: Organisation) -> None:
    upload(failure_mail(), organisation=organisation)
    upload(failure_mail() + b"\n", organisation=organisation)
    assert Sighting.objects.count() == 1
    apply_retention(at=NOW + timedelta(days=40))
    assert not FailureReport.objects.exists()
    assert not RawMessage.objects.exists()
    assert Message.objects.filter(outcome__isnull=False, raw__isnull=True).count() == 2


def test_failure_reports_of_a_domain_on_hold_stay_with_their_raw_mails(organisation: Organisation) -> None:
    upload(failure_mail(), organisation=organisation)
    Domain.objects.exclude(name="*").update(held_at=NOW, held_by_name="Ada", hold_reason="case 7")
    apply_retention(at=PAST)
    assert (FailureReport.objects.count(), RawMessage.objects.count()) == (1, 1)


def test_bytes_without_a_report_go_after_a_fortnight_and_leave_their_outcome(organisation: Organisation) -> None:
    upload(b"lunch?", organisation=organisation)
    upload(report(record()), organisation=organisation)
    apply_retention(at=NOW + timedelta(days=15))
    assert RawMessage.objects.count() == 1
    assert Message.objects.get(raw=None).outcome in {"refused", "not_a_report"}


def test_bytes_that_are_not_read_yet_stay(organisation: Organisation) -> None:
    upload(b"lunch?", organisation=organisation)
    Message.objects.update(outcome=None)
    apply_retention(at=PAST)
    assert RawMessage.objects.count() == 1


def test_bytes_of_a_failure_report_that_came_again_and_is_not_read_yet_stay(organisation: Organisation) -> None:
    upload(failure_mail(), organisation=organisation)
    (again,) = take_in([Arrival(failure_mail(), Channel.LMTP, PAST)], organisation=organisation, at=PAST)
    apply_retention(at=PAST)
    assert not FailureReport.objects.exists()
    assert bytes_of(Message.objects.get(pk=again).raw) == failure_mail()


@pytest.mark.django_db(transaction=True)
def test_bytes_that_go_while_the_same_come_in_are_kept_anew(organisation: Organisation) -> None:
    upload(failure_mail(), organisation=organisation)
    old = Message.objects.get().raw_id
    came = [Arrival(failure_mail(), Channel.LMTP, PAST)]

    def bring() -> list[int]:
        try:
            return take_in(came, organisation=organisation, at=PAST)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            throw_away([old])
            coming = pool.submit(bring)
            with pytest.raises(TimeoutError):
                coming.result(timeout=1)
        (again,) = coming.result()
    assert bytes_of(Message.objects.get(pk=again).raw) == failure_mail()


def test_ledger_rows_go_last_and_those_of_a_mailbox_never(organisation: Organisation) -> None:
    upload(report(record()), organisation=organisation)
    upload(b"lunch?", organisation=organisation)
    mailbox = Mailbox.objects.create(organisation=organisation, name="Reports")
    Message.objects.filter(outcome="not_a_report").update(mailbox=mailbox, folder="INBOX", epoch="1", key="1")
    Message.objects.update(received_at=NOW - timedelta(days=400))
    apply_retention(at=NOW + timedelta(days=400))
    assert Message.objects.count() == 2
    apply_retention(at=PAST)
    assert list(Message.objects.values_list("mailbox_id", "outcome", "raw_id")) == [(mailbox.pk, "not_a_report", None)]


def test_whom_judged_mail_was_for_goes_first_and_what_it_is_counted_by_with_the_rows(
    organisation: Organisation,
) -> None:
    upload(report(record(count=2)), organisation=organisation)
    domain, node = Domain.objects.get(name="example.com"), Node.objects.create(organisation=organisation, name="mx1")
    InboundEvent.objects.create(
        organisation=organisation, domain=domain, node=node, day=DAY, event_id="e-1", at=NOW,
        source=Source.objects.get(), source_ip="192.0.2.1", header_from="example.com", classification="suspicious",
        recipients=seal(b'["ada@example.com"]', purpose=Purpose.EVENT_RECIPIENTS), recipient_count=1, helo="h.example",
        verdict="fail", action="reject", queue_id="Q1",
    )  # fmt: skip
    rebuild([Bucket(organisation.pk, domain.pk, DAY)])
    assert apply_retention(at=NOW + timedelta(days=95))[organisation.pk]["events"] == 1
    event = InboundEvent.objects.get()
    assert unseal(event.recipients, purpose=Purpose.EVENT_RECIPIENTS) == b"[]"
    assert (event.helo, event.queue_id, event.recipient_count) == ("", "", 1)
    assert check_rollups(at=NOW, repair=False).differing == 0
    assert apply_retention(at=NOW + timedelta(days=95))[organisation.pk]["events"] == 0
    apply_retention(at=PAST)
    assert not InboundEvent.objects.exists()
    assert sorted(DomainDay.objects.values_list("lens", "messages")) == [("elsewhere", 2), ("here", 1)]


def test_sums_go_after_their_own_term(organisation: Organisation) -> None:
    upload(report(record()), organisation=organisation)
    apply_retention(at=datetime(2040, 1, 1, tzinfo=UTC))
    assert not DomainDay.objects.exists()


def test_a_tls_report_goes_with_the_reports_unless_any_of_its_domains_is_held(organisation: Organisation) -> None:
    upload(tls(policy(), policy("example.net")), organisation=organisation)
    upload(tls(policy(), report_id="t-2"), organisation=organisation)
    hold("example.net")
    apply_retention(at=PAST)
    assert list(TlsReport.objects.values_list("report_id", flat=True)) == ["t-1"]
    assert Message.objects.filter(raw__isnull=False).count() == 1
    Domain.objects.update(held_at=None, held_by_name="", hold_reason="")
    apply_retention(at=PAST)
    assert not TlsReport.objects.exists()
    assert not Message.objects.exists()


def test_every_mail_that_brought_a_held_tls_report_stays(organisation: Organisation) -> None:
    for space in (b"", b" "):
        upload(tls(policy("example.net")) + space, organisation=organisation)
    assert (RawMessage.objects.count(), Sighting.objects.filter(tls__isnull=False).count()) == (2, 1)
    hold("example.net")
    apply_retention(at=PAST)
    assert RawMessage.objects.count() == 2
