"""Who fails DMARC: exact figures from ingested reports, one lens at a time, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dmarcsite.models import User
from dmarcsite.people.first_administrator import make_organisation
from reports.decisions import Kind, decide
from reports.ingest.pipeline import ingest_bytes
from reports.models import Domain, Organisation, Source
from reports.selectors import failing_sources as listing
from reports.selectors import overview, source_detail
from reports.selectors.memory import Memory
from reports.selectors.scope import Scope
from reports.selectors.sketches import sketches
from reports.viewer import Viewer
from reports.vocabulary import Channel, DomainKind, Lens, Role
from tests.reports.samples import aggregate_xml, record_xml

AT = datetime(2023, 11, 15, 12, 0, tzinfo=UTC)
DAY = date(2023, 11, 15)
pytestmark = pytest.mark.django_db(transaction=True)


def record(address: str, count: int, *, dkim: str = "", spf: str = "", disposition: str = "none", to: str = "") -> str:
    """A failing record; `dkim` and `spf` name domains for which they pass. With example.com it is aligned."""
    aligned = "pass" if dkim == "example.com" else "fail"
    results = f"<dkim><domain>{dkim}</domain><selector>s</selector><result>pass</result></dkim>" if dkim else ""
    results += f"<spf><domain>{spf or 'example.com'}</domain><result>{'pass' if spf else 'fail'}</result></spf>"
    return record_xml(
        source_ip=f"<source_ip>{address}</source_ip>",
        count=f"<count>{count}</count>",
        evaluated=f"<disposition>{disposition}</disposition><dkim>{aligned}</dkim><spf>fail</spf>",
        identifiers="<header_from>example.com</header_from>" + (f"<envelope_to>{to}</envelope_to>" if to else ""),
        results=results,
    )


@pytest.fixture
def ours() -> Organisation:
    organisation = make_organisation(name="Example", slug="example")
    Domain.objects.create(organisation=organisation, name="example.com", kind=DomainKind.OWN)
    return organisation


@pytest.fixture
def scope(ours: Organisation) -> Scope:
    user = User.objects.create_user("cy@example.com")
    viewer = Viewer(
        user_id=user.pk,
        user_name="Cy",
        organisation_id=ours.pk,
        organisation_name="Example",
        is_demo=False,
        role=Role.VIEWER,
    )
    return Scope(viewer=viewer, lens=Lens.ELSEWHERE, since=DAY - timedelta(days=6), until=DAY)


@pytest.fixture
def reported(ours: Organisation) -> None:
    xml = aggregate_xml(
        record("192.0.2.10", 70, dkim="example.com"),
        record("198.51.100.20", 9, dkim="vendor.example", spf="vendor.example", disposition="quarantine"),
        record("203.0.113.77", 5, disposition="reject"),
        record("203.0.113.77", 4, to="example.com"),
    )
    ingest_bytes(xml.encode(), organisation=ours, channel=Channel.FILE, at=AT)


def rows(scope: Scope, tab: str) -> list[tuple[Any, ...]]:
    found = listing.failing_sources(scope, tab=tab, now=AT).order_by("-failing")
    return [(row["address"], row["failing"], row["total"], row["from_domains"]) for row in found]


def test_another_organisation_sees_nothing(scope: Scope, reported: None) -> None:
    other = make_organisation(name="Other", slug="other")
    stranger = replace(scope, viewer=replace(scope.viewer, organisation_id=other.pk))
    assert rows(stranger, listing.NEEDS_DECISION) == []
    assert overview.volumes(stranger).messages == 0


def test_a_viewer_of_other_domains_sees_nothing(scope: Scope, reported: None) -> None:
    assert rows(replace(scope, viewer=replace(scope.viewer, domain_ids=())), listing.NEEDS_DECISION) == []


def test_lenses_are_never_added_up(scope: Scope, reported: None) -> None:
    here = replace(scope, lens=Lens.HERE)
    assert rows(scope, "suspicious") == [("203.0.113.77", 5, 5, ["example.com"])]
    assert rows(here, "suspicious") == [("203.0.113.77", 4, 4, ["example.com"])]
    source = Source.objects.get(address="203.0.113.77")
    assert source_detail.other_lenses(scope, source=source) == {"here": 4}


def test_each_tab_holds_its_sources_and_their_number(scope: Scope, reported: None) -> None:
    assert rows(scope, listing.NEEDS_DECISION) == [
        ("198.51.100.20", 9, 9, ["example.com"]),
        ("203.0.113.77", 5, 5, ["example.com"]),
    ]
    assert rows(scope, "aligned") == [("192.0.2.10", 0, 70, ["example.com"])]
    assert listing.tab_counts(scope, now=AT) == {
        "needs-decision": 2,
        "fixable": 1,
        "forwarder": 0,
        "suspicious": 1,
        "unknown": 0,
        "excepted": 0,
        "aligned": 1,
    }


def test_an_excepted_source_needs_no_decision_until_the_exception_ends(scope: Scope, reported: None) -> None:
    source = Source.objects.get(address="198.51.100.20")
    decide(
        Kind.EXCEPTED,
        reference="EX-1",
        organisation_id=scope.viewer.organisation_id,
        domain_id=Domain.objects.get(name="example.com").pk,
        source_ids=[source.pk],
        decided_by_id=None,
        decided_by_name="Bob",
        at=AT,
        until=AT + timedelta(hours=1),
    )
    assert [row[0] for row in rows(scope, listing.NEEDS_DECISION)] == ["203.0.113.77"]
    assert [row[0] for row in rows(scope, listing.EXCEPTED)] == ["198.51.100.20"]
    later = AT + timedelta(hours=1)
    found = listing.failing_sources(scope, tab=listing.NEEDS_DECISION, now=later).values_list("address", flat=True)
    assert sorted(found) == ["198.51.100.20", "203.0.113.77"]


def test_the_overview_counts_messages_with_their_whole(scope: Scope, reported: None) -> None:
    assert overview.volumes(scope) == overview.Volumes(
        messages=84,
        aligned=70,
        dkim_aligned=70,
        spf_aligned=0,
        quarantined=9,
        rejected=5,
        excepted=0,
        suspicious=5,
        suspicious_stopped=5,
        legitimate=79,
    )


def test_a_sketch_has_days_reporters_and_the_leading_verdict(scope: Scope, reported: None) -> None:
    source = Source.objects.get(address="198.51.100.20")
    sketch = sketches(Memory(scope, AT), source_ids=[source.pk])[source.pk]
    assert (sketch.by_day, sketch.reporters, sketch.verdict) == ({DAY: 9}, ["Receiver Example"], "fixable")


def test_aligned_messages_do_not_hide_failing_ones() -> None:
    assert listing.leading_verdict({"aligned": 900, "fixable": 2, "unknown": 1}) == "fixable"
    assert listing.leading_verdict({"aligned": 900}) == "aligned"
