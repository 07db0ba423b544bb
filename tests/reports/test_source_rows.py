"""What is remembered of a source's rows is what they say: it goes with any change of them, and where rows were let go."""

# ruff: noqa: F811  (fixtures are taken from another module)

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache

from reports.ingest.pipeline import ingest_bytes
from reports.models import AggregateReport, AggregateRow, Domain, Organisation, Source
from reports.rollups.buckets import Bucket
from reports.rollups.build import rebuild
from reports.selectors import source_rows
from reports.selectors.scope import Scope
from reports.selectors.source_detail import source_identities, source_reporters
from reports.selectors.source_rows import SourceRows
from reports.vocabulary import Channel, Lens
from tests.reports.samples import aggregate_xml
from tests.reports.test_failing_sources import AT, DAY, ours, record, reported, scope  # noqa: F401  (fixtures)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _one_sum_is_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_rows, "MANY", 1)


def told(scope: Scope, address: str = "203.0.113.77") -> tuple[list[int], list[tuple[Any, ...]]]:
    """Messages of its identities, and its reporters; held against the same that nothing is remembered of."""
    rows = SourceRows(scope, Source.objects.get(address=address))
    found = source_identities(rows), source_reporters(rows)
    again = source_identities(rows), source_reporters(rows)
    cache.clear()
    assert found == again == (source_identities(rows), source_reporters(rows))
    identities, reporters = found
    return [each.messages for each in identities], [(each["total"], each["reports"]) for each in reporters]


def remembered(scope: Scope) -> bool:
    """Whether what is known stays known although the rows are gone by hands that renew no sums."""
    rows = SourceRows(scope, Source.objects.get(address="203.0.113.77"))
    before = source_identities(rows)
    AggregateRow.objects.all().delete()
    return source_identities(rows) == before


def count_not() -> None:
    """Every report is left out of the sums, as one that a newer has replaced."""
    domain = Domain.objects.get(name="example.com")
    AggregateReport.objects.update(is_counted=False)
    rebuild([Bucket(domain.organisation_id, domain.pk, DAY)])


def test_other_scopes_and_other_sources_are_told_apart(scope: Scope, reported: None) -> None:
    assert told(scope) == ([5], [(5, 1)])
    assert told(replace(scope, lens=Lens.HERE)) == ([4], [(4, 1)])
    assert told(scope, "198.51.100.20") == ([9], [(9, 1)])
    assert told(replace(scope, until=DAY - timedelta(days=1))) == ([], [])
    assert told(replace(scope, viewer=replace(scope.viewer, domain_ids=()))) == ([], [])


def test_a_new_report_is_told_at_once(scope: Scope, reported: None, ours: Organisation) -> None:
    source_identities(SourceRows(scope, Source.objects.get(address="203.0.113.77")))
    ingest_bytes(aggregate_xml(record("203.0.113.77", 3)).encode(), organisation=ours, channel=Channel.FILE, at=AT)
    assert told(scope) == ([8], [(8, 2)])


def test_a_report_that_counts_no_more_is_told_no_more(scope: Scope, reported: None) -> None:
    rows = SourceRows(scope, Source.objects.get(address="203.0.113.77"))
    assert len(source_identities(rows)) == len(source_reporters(rows)) == 1
    count_not()
    assert told(scope) == ([], [])


def test_what_is_known_is_not_asked_of_the_rows_again(scope: Scope, reported: None) -> None:
    assert remembered(scope)


def test_where_rows_of_the_span_were_let_go_nothing_is_remembered(scope: Scope, reported: None) -> None:
    Domain.objects.filter(name="example.com").update(rows_since=scope.since + timedelta(days=1))
    assert not remembered(scope)


def test_rows_that_were_let_go_before_the_span_change_nothing(scope: Scope, reported: None) -> None:
    Domain.objects.filter(name="example.com").update(rows_since=scope.since)
    assert remembered(scope)


def test_a_source_with_few_sums_is_read_row_by_row(
    scope: Scope, reported: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_rows, "MANY", 2)
    assert not remembered(scope)
