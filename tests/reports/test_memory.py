"""What pages remember is never older than the sums and decisions that it rests on; a ranking is the list, page by page."""

# ruff: noqa: F811  (fixtures are taken from another module)

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models import F, Sum

from reports.decisions import Kind, decide
from reports.ingest.pipeline import ingest_bytes
from reports.models import Decision, Domain, Organisation, Source, SourceDay
from reports.selectors import failing_sources as listing
from reports.selectors.memory import Memory
from reports.selectors.ranking import Ranking
from reports.selectors.scope import Scope
from reports.selectors.sketches import sketches
from reports.vocabulary import Channel, Lens, SourceVerdict
from tests.reports.samples import aggregate_xml
from tests.reports.test_failing_sources import AT, DAY, ours, record, reported, scope  # noqa: F401  (fixtures)

pytestmark = pytest.mark.django_db(transaction=True)


class Asked:
    """Something to be remembered that counts how often it is made."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> int:
        self.times += 1
        return self.times


def ask(made: Asked, scope: Scope, **changes: Any) -> int:
    return Memory(replace(scope, **changes), AT).of("something", made)


def excepted(scope: Scope, **options: Any) -> None:
    decide(
        Kind.EXCEPTED,
        reference="EX-1",
        organisation_id=scope.viewer.organisation_id,
        domain_id=Domain.objects.get(name="example.com").pk,
        source_ids=[Source.objects.get(address="198.51.100.20").pk],
        decided_by_id=None,
        decided_by_name="Bob",
        at=AT,
        **options,
    )


def test_what_is_known_is_not_made_again(scope: Scope, reported: None) -> None:
    made = Asked()
    assert [ask(made, scope), ask(made, scope)] == [1, 1]


def test_other_scopes_and_other_questions_are_answered_apart(scope: Scope, reported: None) -> None:
    made = Asked()
    domain = Domain.objects.get(name="example.com").pk
    viewer = replace(scope.viewer, domain_ids=frozenset({domain}))
    places = [
        {},
        {"lens": Lens.HERE},
        {"since": DAY},
        {"until": DAY - timedelta(days=1)},
        {"domain_id": domain},
        {"viewer": viewer},
    ]
    assert [ask(made, scope, **place) for place in places] == [1, 2, 3, 4, 5, 6]
    assert Memory(scope, AT).of("something else", made) == 7


def test_a_report_in_the_scope_makes_it_forget_and_one_outside_does_not(
    scope: Scope,
    ours: Organisation,
    reported: None,
) -> None:
    made = Asked()
    narrow = {"lens": Lens.HERE}
    assert [ask(made, scope), ask(made, scope, **narrow)] == [1, 2]
    ingest_bytes(aggregate_xml(record("192.0.2.99", 1)).encode(), organisation=ours, channel=Channel.FILE, at=AT)
    assert ask(made, scope) == 3
    assert ask(made, scope, since=DAY - timedelta(days=9), until=DAY - timedelta(days=8)) == 4
    ingest_bytes(aggregate_xml(record("192.0.2.98", 1)).encode(), organisation=ours, channel=Channel.FILE, at=AT)
    made.times = 9
    assert ask(made, scope, since=DAY - timedelta(days=9), until=DAY - timedelta(days=8)) == 4
    assert ask(made, scope) == 10


def test_a_decision_makes_it_forget_and_so_does_its_end(scope: Scope, reported: None) -> None:
    made = Asked()
    assert ask(made, scope) == 1
    excepted(scope, until=AT + timedelta(hours=1))
    assert ask(made, scope) == 2
    assert Memory(scope, AT + timedelta(hours=1)).of("something", made) == 1  # it is as if there had been none
    Decision.objects.update(kind=Kind.FIX)
    assert ask(made, scope) == 3


def test_nothing_remembered_can_run_code(scope: Scope, reported: None) -> None:
    """What lies in the cache is text; the cache itself opens no pickled object but plain data."""
    Memory(scope, AT).of("tabs", lambda: listing.tab_counts(scope, now=AT))
    assert {type(value) for value in cache.get_many(_keys()).values()} == {str}


def test_a_ranking_is_the_list_page_by_page_in_any_order(scope: Scope, reported: None) -> None:
    whole = listing.failing_sources(scope, tab=listing.NEEDS_DECISION, now=AT)
    ranking = Ranking(Memory(scope, AT), tab=listing.NEEDS_DECISION, total=2)
    for order in (
        ("-failing", "source_id"),
        ("failing", "-source_id"),
        ("address", "source_id"),
        ("-last_day", "-source_id"),
    ):
        wanted = list(whole.order_by(*order))
        assert len(wanted) == ranking.count() == 2
        assert [ranking.order_by(*order)[place : place + 1] for place in range(3)] == [*([row] for row in wanted), []]
        assert [ranking.order_by(*order).part(place, place + 1)[1] for place in range(3)] == [2, 2, 0]
    among = Ranking(
        Memory(scope, AT), tab=listing.NEEDS_DECISION, total=1, sources=Source.objects.filter(address="203.0.113.77")
    )
    assert [row["address"] for row in among[0:5]] == ["203.0.113.77"]


def test_the_leading_ones_are_the_beginnings_of_both_rankings(scope: Scope, reported: None) -> None:
    excepted(scope)  # the fixable one needs no decision then, in its domain alone
    for tab in (listing.NEEDS_DECISION, listing.EXCEPTED, listing.FAILING_VERDICTS[0]):
        ranking = Ranking(Memory(scope, AT), tab=tab, total=0)
        for verdict in SourceVerdict:
            for number in (1, 10):
                leading = ranking.leading(number, verdict=verdict, of_verdict=number)
                assert (leading.first, leading.total) == ranking.part(0, number)
                assert leading.of_verdict == replace(ranking, verdict=verdict)[0:number]
                assert leading == ranking.leading(number, verdict=verdict, of_verdict=number)
    assert (
        Ranking(Memory(scope, AT), tab=listing.EXCEPTED, total=0)
        .leading(1, verdict=SourceVerdict.FIXABLE, of_verdict=1)
        .total
        == 1
    )
    nobody = replace(scope, viewer=replace(scope.viewer, domain_ids=()))
    ranking = Ranking(Memory(nobody, AT), tab=listing.NEEDS_DECISION, total=0)
    assert ranking.leading(1, verdict=SourceVerdict.FIXABLE, of_verdict=1) == ([], [], 0)


def test_what_is_remembered_of_sources_is_what_was_found(scope: Scope, reported: None) -> None:
    memory = Memory(scope, AT)
    ranking = Ranking(memory, tab=listing.NEEDS_DECISION, total=2)
    found = ranking[0:2]
    ids = [row["source_id"] for row in found]
    drawn = sketches(memory, source_ids=ids)
    SourceDay.objects.all().delete()  # by other hands than those that renew sums: nothing tells of it
    assert ranking[0:2] == found
    assert sketches(memory, source_ids=ids) == drawn
    assert sum(sum(sketch.by_day.values()) for sketch in drawn.values()) == sum(row["failing"] for row in found) > 0


def test_failing_sums_never_stand_under_the_aligned_verdict(scope: Scope, reported: None) -> None:
    """The tabs of verdicts are counted among failing sums alone."""
    found = SourceDay.objects.values_list("verdict").annotate(
        failing=Sum(F("messages") - F("aligned")), all=Sum("messages")
    )
    assert {(verdict == "aligned", failing == 0) for verdict, failing, _ in found} == {(True, True), (False, False)}
    assert all(failing in (0, total) for _, failing, total in found)


def _keys() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM dmarcsite_cache")
        return [key.removeprefix(":1:") for (key,) in cursor.fetchall()]
