"""The replay over stored reports: what a rule covers, what else it would let through; and the marks it leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from exceptions.errors import NotAllowed
from exceptions.lifecycle import services
from exceptions.lifecycle.content import checked, to_document
from exceptions.lifecycle.marks import refresh_marks
from exceptions.models import ExceptionRule
from exceptions.simulation.impact import Impact, impact
from exceptions.vocabulary import RuleState
from reports.inbound.events import record_events
from reports.inbound.nodes import enrol_node
from reports.models import Decision, Domain, Source
from reports.vocabulary import DomainKind, SourceVerdict
from tests.exceptions.cast import NOW, Cast, a_cast, a_rule, an_organisation, content
from tests.reports.stored import record, report, upload

pytestmark = pytest.mark.django_db

DAY_AGO = int((NOW - timedelta(days=1)).timestamp()) // 86_400 * 86_400
VENDOR, NEIGHBOUR, FORGER, OUTSIDER = "198.51.100.25", "198.51.100.26", "198.51.100.77", "203.0.113.9"
NET = ("198.51.100.0/24",)


def arrive(
    cast: Cast, *records: str, report_id: str = "r-1", begin: int = DAY_AGO, domain: str = "example.com"
) -> None:
    data = report(*records, report_id=report_id, begin=begin, end=begin + 86_399, domain=domain)
    result = upload(data, organisation=cast.organisation, at=NOW)
    assert result.outcome == "stored"


@pytest.fixture
def cast() -> Cast:
    """A vendor that signs and passes SPF for itself, a neighbour of it, a forger in the same network, and an outsider."""
    cast = a_cast()
    signed = ("vendor.example", "pass")
    arrive(
        cast,
        record(VENDOR, 640, spf_domain="bounce.vendor.example", spf_result="pass", signature=signed),
        record(VENDOR, 9, dkim="pass", signature=("example.com", "pass")),
        record(VENDOR, 7, spf_domain="bounce.vendor.example", spf_result="fail", signature=("vendor.example", "fail")),
        record(NEIGHBOUR, 50, spf_domain="bounce.vendor.example", spf_result="pass", signature=signed),
        record(FORGER, 41),
        record(OUTSIDER, 5, signature=signed),
        record(VENDOR, 3, header_from="news.example.com", signature=signed),
    )
    return cast


def replayed(cast: Cast, *, source: str = VENDOR, **changes: object) -> Impact:
    document = to_document(checked(content(cast.ann, **changes), at=NOW))
    source_id = Source.objects.get(organisation=cast.organisation, address=source).pk
    return impact(document, viewer=cast.ann, source_id=source_id, at=NOW)


def told(answer: Impact) -> tuple[int, int, list[tuple[str, str, int]]]:
    intended = answer.intended.messages if answer.intended else 0
    return intended, answer.intended_failing, [(each.address, each.verdict, each.messages) for each in answer.others]


def test_the_bare_address_covers_all_failing_mail_of_the_source_and_nothing_else(cast: Cast) -> None:
    assert told(replayed(cast)) == (647, 647, [])


def test_a_network_shows_who_else_would_pass_with_the_suspicious_first(cast: Cast) -> None:
    answer = replayed(cast, networks=NET)
    assert told(answer) == (647, 647, [(FORGER, "suspicious", 41), (NEIGHBOUR, "fixable", 50)])
    assert [each.address for each in answer.suspicious] == [FORGER]
    assert (answer.other_messages, answer.messages) == (91, 738)


def test_a_dkim_domain_needs_a_signature_that_verifies(cast: Cast) -> None:
    assert told(replayed(cast, networks=(), dkim_domain="vendor.example")) == (
        640,
        647,
        [(NEIGHBOUR, "fixable", 50), (OUTSIDER, "fixable", 5)],
    )


def test_an_envelope_domain_needs_an_spf_pass(cast: Cast) -> None:
    answer = replayed(cast, networks=(), envelope_domain="bounce.vendor.example")
    assert told(answer) == (640, 647, [(NEIGHBOUR, "fixable", 50)])


def test_conditions_are_anded(cast: Cast) -> None:
    answer = replayed(cast, networks=("198.51.100.24/31",), dkim_domain="vendor.example")
    assert told(answer) == (640, 647, [])


def test_another_from_domain_is_not_covered(cast: Cast) -> None:
    assert told(replayed(cast, header_from="news.example.com", networks=NET)) == (3, 3, [])


def test_a_subdomain_is_found_under_the_domain_that_covers_it_and_a_stranger_under_the_star(cast: Cast) -> None:
    arrive(cast, record(FORGER, 4, header_from="example.org"), domain="example.org", report_id="r-9")
    assert told(replayed(cast, source=FORGER, header_from="example.org", networks=NET)) == (4, 4, [])


def test_mail_older_than_90_days_is_not_replayed(cast: Cast) -> None:
    arrive(cast, record(FORGER, 1000), report_id="r-2", begin=DAY_AGO - 91 * 86_400)
    assert told(replayed(cast, networks=NET))[2][0] == (FORGER, "suspicious", 41)


def test_another_organisation_is_never_replayed(cast: Cast) -> None:
    theirs = a_cast(an_organisation("Theirs"))
    arrive(theirs, record(FORGER, 1000))
    assert told(replayed(cast, networks=NET))[2][0] == (FORGER, "suspicious", 41)


def test_what_our_own_nodes_saw_is_replayed_too(cast: Cast) -> None:
    node, _ = enrol_node(viewer=cast.cy, name="mx 1", at=NOW)
    event = {
        "id": "1",
        "at": NOW.timestamp(),
        "source_ip": NEIGHBOUR,
        "header_from": "example.com",
        "verdict": "reject",
        "spf": "fail",
        "dkim": [{"domain": "vendor.example", "result": "pass"}],
    }
    record_events(node, {"events": [event]}, at=NOW)
    answer = replayed(cast, networks=(), dkim_domain="vendor.example")
    neighbour = next(each for each in answer.others if each.address == NEIGHBOUR)
    assert (neighbour.messages, neighbour.here, neighbour.last_day) == (51, 1, NOW.date())
    assert (neighbour.verdict, answer.is_complete) == (SourceVerdict.FIXABLE, True)


def test_the_replay_says_which_parts_of_the_rule_it_could_not_test(cast: Cast) -> None:
    assert replayed(cast).not_replayed == ()
    answer = replayed(cast, recipients=("payroll@example.com",))
    assert (answer.not_replayed, told(answer)) == (("recipients",), (647, 647, []))


def test_without_a_source_everything_stands_under_others(cast: Cast) -> None:
    document = to_document(checked(content(cast.ann), at=NOW))
    answer = impact(document, viewer=cast.ann, at=NOW)
    assert (answer.intended, answer.intended_failing, [each.address for each in answer.others]) == (None, 0, [VENDOR])


def test_who_does_not_see_the_domain_gets_no_replay(cast: Cast) -> None:
    document = to_document(checked(content(cast.ann), at=NOW))
    other = Domain.objects.get(organisation=cast.organisation, kind=DomainKind.PARTNER).pk
    with pytest.raises(NotAllowed):
        impact(document, viewer=replace(cast.ann, domain_ids=(other,)), at=NOW)


# --- Marks on sources ------------------------------------------------------------------------------------------------


def marks(rule: ExceptionRule) -> list[tuple[str, str, str, str]]:
    rows = Decision.objects.filter(reference=rule.reference).order_by("source__address")
    return [(row.source.address, row.kind, row.decided_by_name, row.domain.name) for row in rows]


def test_a_proposal_marks_the_sources_that_it_speaks_of_and_an_approval_marks_them_anew(cast: Cast) -> None:
    rule = a_rule(cast, networks=("198.51.100.24/30",))
    assert marks(rule) == []
    services.rule_propose(rule, viewer=cast.ann, seen_version=1, at=NOW)
    assert marks(rule) == [(VENDOR, "requested", "Ann", "example.com"), (NEIGHBOUR, "requested", "Ann", "example.com")]
    services.rule_approve(rule, viewer=cast.bob, seen_version=1, at=NOW)
    assert marks(rule) == [(VENDOR, "excepted", "Bob", "example.com"), (NEIGHBOUR, "excepted", "Bob", "example.com")]
    assert set(Decision.objects.values_list("until", flat=True)) == {NOW + timedelta(days=30)}


@pytest.mark.parametrize("state", [RuleState.WITHDRAWN, RuleState.REJECTED, RuleState.REVOKED, RuleState.EXPIRED])
def test_a_rule_that_ended_leaves_its_sources_undecided(cast: Cast, state: RuleState) -> None:
    standing = a_rule(cast, state=RuleState.APPROVED)
    assert marks(a_rule(cast, state=state)) == []
    assert marks(standing) == [(VENDOR, "excepted", "Bob", "example.com")]


def test_an_edit_takes_the_marks_back(cast: Cast) -> None:
    rule = a_rule(cast, state=RuleState.PROPOSED)
    services.rule_edit(rule, content=content(cast.ann), viewer=cast.ann, seen_version=1, at=NOW)
    assert marks(rule) == []


def test_a_source_that_comes_up_later_is_marked_when_the_marks_are_refreshed(cast: Cast) -> None:
    rule = a_rule(cast, state=RuleState.APPROVED, networks=("198.51.100.24/30",))
    over = a_rule(cast, state=RuleState.APPROVED, expires_at=NOW + timedelta(hours=1))
    services.rule_expire(over, at=NOW + timedelta(hours=1))
    arrive(cast, record("198.51.100.27", 8), report_id="r-3")
    assert refresh_marks(at=NOW + timedelta(hours=2)) == 1
    assert [address for address, *_ in marks(rule)] == [VENDOR, NEIGHBOUR, "198.51.100.27"]
    assert set(Decision.objects.values_list("kind", "decided_by_name", "decided_at")) == {("excepted", "Bob", NOW)}
    assert marks(over) == []
