"""The list of rules and the page of one: what each person sees, in words, and that no text on it is ever alive."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from exceptions.lifecycle import services
from exceptions.models import ExceptionRule
from exceptions.plans.services import loosening_propose, mode_tighten
from exceptions.publishing.publish import publish
from exceptions.vocabulary import Mode, ReasonCode, RuleAction, RuleState
from reports.inbound.nodes import enrol_node
from reports.models import Domain, InboundEvent, Node, Source
from reports.viewer import Viewer
from reports.vocabulary import Role
from tests.exceptions.cast import Cast, a_cast, a_person, a_rule, an_organisation, content
from tests.exceptions.pages import as_person, rule_of_now, text, tree

S = RuleState
HOSTILE = "<script>alert(1)</script>'\"&{{ 7 }}"


@pytest.fixture
def cast(db: None) -> Cast:
    return a_cast()


def listed(cast: Cast, query: str = "", *, viewer: Viewer | None = None) -> list[str]:
    page = tree(as_person(viewer or cast.dan).get(f"/exceptions/{query}"))
    return [link.text for link in page.xpath("//table[contains(@class, 'table')]//td[1]/a")]


def hit(cast: Cast, rule: ExceptionRule, node: Node, **changes: Any) -> InboundEvent:
    at = timezone.now() - changes.pop("ago", timedelta())
    source, _ = Source.objects.get_or_create(organisation=cast.organisation, address="198.51.100.25")
    plain = {
        "organisation": cast.organisation,
        "domain": Domain.objects.get(organisation=cast.organisation, name="example.com"),
        "node": node,
        "day": at.date(),
        "event_id": f"e{InboundEvent.objects.count()}",
        "at": at,
        "source": source,
        "source_ip": source.address,
        "header_from": "example.com",
        "recipients": b"",
        "recipient_count": 1,
        "verdict": "accept",
        "classification": "fixable",
        "rule_reference": rule.reference,
        "action": "no action",
    }
    return InboundEvent.objects.create(**plain | changes)


def test_without_any_rule_the_list_says_that_this_is_the_goal(cast: Cast) -> None:
    assert "No exceptions. That is the goal." in text(as_person(cast.dan).get("/exceptions/"))


def test_rules_of_another_organisation_are_neither_listed_nor_found(cast: Cast) -> None:
    rule = rule_of_now(cast, state=S.PROPOSED)
    stranger = a_person("Stranger", Role.ADMINISTRATOR, an_organisation("Theirs"))
    client = as_person(stranger)
    assert rule.reference not in text(client.get("/exceptions/"))
    for step in ("", "impact/", "edit/", "propose/", "approve/", "reject/", "withdraw/", "revoke/"):
        assert client.get(f"/exceptions/{rule.pk}/{step}").status_code == 404
        if step not in ("", "impact/"):
            assert client.post(f"/exceptions/{rule.pk}/{step}", {"seen_version": 1}).status_code == 404


def test_the_clock_tells_approved_rules_apart(cast: Cast) -> None:
    now = timezone.now()
    later = {"starts_at": now + timedelta(days=2), "expires_at": now + timedelta(days=9)}
    in_force, scheduled = rule_of_now(cast, state=S.APPROVED), rule_of_now(cast, state=S.APPROVED, **later)
    then = now - timedelta(days=10)
    over = a_rule(cast, state=S.APPROVED, at=then, starts_at=then, expires_at=now - timedelta(seconds=1))
    assert over.state == S.APPROVED
    assert listed(cast, "?state=in_force") == [in_force.reference]
    assert listed(cast, "?state=scheduled") == [scheduled.reference]
    assert listed(cast, "?state=expired") == [over.reference]


def test_open_rules_come_first_and_the_newest_of_them_before(cast: Cast) -> None:
    ended = rule_of_now(cast, state=S.REVOKED)
    older, newer = rule_of_now(cast), rule_of_now(cast, state=S.PROPOSED)
    assert listed(cast) == [newer.reference, older.reference, ended.reference]


def test_waiting_for_you_leaves_out_what_is_your_own(cast: Cast) -> None:
    theirs = rule_of_now(cast, state=S.PROPOSED)
    rule_of_now(cast, state=S.PROPOSED, owner_id=cast.bob.user_id)
    assert listed(cast, "?show=waiting", viewer=cast.bob) == [theirs.reference]
    assert len(listed(cast, "?show=waiting", viewer=cast.cy)) == 2
    assert listed(cast, "?show=waiting", viewer=cast.ann) == []


def test_rules_that_end_soon_and_rules_that_nobody_uses_have_chips_of_their_own(cast: Cast) -> None:
    now = timezone.now()
    soon = rule_of_now(cast, state=S.APPROVED, expires_at=now + timedelta(days=13))
    rule_of_now(cast, state=S.APPROVED)
    old = {"starts_at": now - timedelta(days=31), "expires_at": now + timedelta(days=40)}
    idle, busy = rule_of_now(cast, state=S.APPROVED, **old), rule_of_now(cast, state=S.APPROVED, **old)
    node, _ = enrol_node(viewer=cast.cy, name="mx", at=now)
    hit(cast, busy, node)
    hit(cast, idle, node, ago=timedelta(days=31))
    assert listed(cast, "?show=expiring") == [soon.reference]
    assert listed(cast, "?show=unused") == [idle.reference]


@pytest.mark.parametrize(
    ("query", "count"),
    [("?search=hrsuite", 1), ("?search=198.51.100", 1), ("?search=Ann", 2), ("?reason_code=migration", 1)],
)
def test_the_list_is_searched_and_filtered(cast: Cast, query: str, count: int) -> None:
    rule_of_now(cast)
    rule_of_now(cast, networks=(), dkim_domain="hrsuite.example", reason_code=ReasonCode.MIGRATION)
    assert len(listed(cast, query)) == count


@pytest.mark.parametrize("form", ["{}", "EX-{}", "ex-{}"])
def test_a_rule_is_found_by_its_number(cast: Cast, form: str) -> None:
    rule_of_now(cast)
    rule = rule_of_now(cast)
    assert rule.reference in listed(cast, "?search=" + form.format(rule.pk))


@pytest.mark.parametrize(
    "query",
    [
        "?show=nonsense&state=nonsense&reason_code=%00&page=999999&sort=nonsense",
        "?search=%00&page=-1&sort=-rule",
        "?search=EX-99999999999999999999999999&sort=expires,-owner",
        "?search=%F0%9F%92%A3&page=x",
        "?search=%C2%B2",
        "?search=" + "9" * 5000,
    ],
)
def test_nonsense_in_the_address_bar_never_fails(cast: Cast, query: str) -> None:
    rule_of_now(cast)
    assert as_person(cast.dan).get(f"/exceptions/{query}").status_code == 200


def test_a_rule_is_said_in_words(cast: Cast) -> None:
    plain = rule_of_now(cast, state=S.PROPOSED)
    page = text(as_person(cast.dan).get(f"/exceptions/{plain.pk}/"))
    assert "Mail From example.com, from 198.51.100.25, to anyone, is delivered although it fails DMARC, until" in page
    narrow = rule_of_now(
        cast,
        networks=("198.51.100.0/28", "2001:db8::/48"),
        dkim_domain="xn--bcher-kva.example",
        envelope_domain="bounce.example",
        recipients=("a@example.com", "b@example.com", "c@example.com", "example.net"),
        action=RuleAction.QUARANTINE,
    )
    page = text(as_person(cast.dan).get(f"/exceptions/{narrow.pk}/"))
    assert (
        "from 198.51.100.0/28 or 2001:db8::/48 and signed with DKIM by bücher.example (xn--bcher-kva.example) "
        "and with an envelope address of bounce.example that passes SPF, to a@example.com, b@example.com, "
        "c@example.com or 1 more, is quarantined rather than rejected when it fails DMARC, until"
    ) in page


def test_who_asked_reads_that_somebody_else_decides_and_who_that_is(cast: Cast) -> None:
    rule = rule_of_now(cast, state=S.PROPOSED, owner_id=cast.bob.user_id)
    page = text(as_person(cast.bob).get(f"/exceptions/{rule.pk}/"))
    assert "You are the owner of this rule, so somebody else must decide." in page
    assert "Who may decide: Cy" in page


def test_an_analyst_who_asked_reads_the_same_before_anything_about_roles(cast: Cast) -> None:
    rule = rule_of_now(cast, state=S.PROPOSED)
    page = text(as_person(cast.ann).get(f"/exceptions/{rule.pk}/"))
    assert "You asked for this, so somebody else must decide. Edit" in page
    assert "Who may decide: Bob, Cy" in page
    assert "Your role (Viewer) does not include this." in text(as_person(cast.dan).get(f"/exceptions/{rule.pk}/"))


def test_without_a_second_person_the_page_says_so(cast: Cast) -> None:
    rule = services.rule_draft(
        content(cast.bob, starts_at=timezone.now(), expires_at=timezone.now() + timedelta(days=9)),
        viewer=cast.bob,
        at=timezone.now(),
    )
    services.rule_edit(
        rule,
        content=content(cast.bob, starts_at=timezone.now(), expires_at=timezone.now() + timedelta(days=9)),
        viewer=cast.cy,
        seen_version=1,
        at=timezone.now(),
    )
    services.rule_propose(rule, viewer=cast.cy, seen_version=2, at=timezone.now())
    assert "Nobody here may decide about this rule" in text(as_person(cast.dan).get(f"/exceptions/{rule.pk}/"))


@pytest.mark.parametrize(
    ("state", "who", "offered"),
    [
        (S.DRAFT, "ann", {"propose", "edit", "withdraw"}),
        (S.PROPOSED, "ann", {"edit", "withdraw"}),
        (S.PROPOSED, "bob", {"approve", "reject", "edit", "withdraw"}),
        (S.PROPOSED, "dan", set()),
        (S.APPROVED, "ann", {"revoke"}),
        (S.APPROVED, "eve", set()),
        (S.REVOKED, "cy", set()),
        (S.REJECTED, "cy", set()),
        (S.WITHDRAWN, "cy", set()),
    ],
)
def test_the_page_offers_only_what_this_person_may_do(
    cast: Cast, state: RuleState, who: str, offered: set[str]
) -> None:
    rule = rule_of_now(cast, state=state)
    page = tree(as_person(getattr(cast, who)).get(f"/exceptions/{rule.pk}/"))
    links = page.xpath(f"//main//a[starts-with(@href, '/exceptions/{rule.pk}/')]/@href")
    steps = {link.removeprefix(f"/exceptions/{rule.pk}/").rstrip("/") for link in links}
    assert steps - {"impact"} == offered


def test_hits_are_told_per_node_with_the_last_one(cast: Cast) -> None:
    rule = rule_of_now(cast, state=S.APPROVED)
    first, _ = enrol_node(viewer=cast.cy, name="mx1", at=timezone.now())
    second, _ = enrol_node(viewer=cast.cy, name="mx2", at=timezone.now())
    hit(cast, rule, first)
    hit(cast, rule, first)
    hit(cast, rule, second, ago=timedelta(days=31))
    page = tree(as_person(cast.dan).get(f"/exceptions/{rule.pk}/"))
    rows = page.xpath("//section[@id='hits']//table[1]/tbody/tr")
    assert [[cell.text_content().strip() for cell in row[:2]] for row in rows][:2] == [["mx1", "2"], ["mx2", "0"]]
    assert "2 hits in 30 days" in page.text_content()


def test_a_node_counts_as_running_a_rule_only_with_exactly_this_version(cast: Cast) -> None:
    rule = rule_of_now(cast, state=S.APPROVED)
    number = publish(organisation_id=cast.organisation.pk, at=timezone.now()).number
    node, _ = enrol_node(viewer=cast.cy, name="mx1", at=timezone.now())
    enrol_node(viewer=cast.cy, name="mx2", at=timezone.now())
    client = as_person(cast.dan)
    assert "0 of 2 enforce exactly this version." in text(client.get(f"/exceptions/{rule.pk}/"))
    Node.objects.filter(pk=node.pk).update(live_number=number)
    assert "1 of 2 enforce exactly this version." in text(client.get(f"/exceptions/{rule.pk}/"))


def test_versions_show_what_changed(cast: Cast) -> None:
    rule = rule_of_now(cast, state=S.PROPOSED)
    version = rule.versions.get()
    wider = content(cast.ann, networks=("198.51.100.0/24",), starts_at=version.starts_at, expires_at=version.expires_at)
    services.rule_edit(rule, content=wider, viewer=cast.ann, seen_version=1, at=timezone.now())
    page = tree(as_person(cast.dan).get(f"/exceptions/{rule.pk}/"))
    assert [item.text_content().split()[-1] for item in page.xpath("//main//del")] == ["198.51.100.25"]
    assert [item.text_content().split()[-1] for item in page.xpath("//main//ins")] == ["198.51.100.0/24"]


def test_hostile_text_is_shown_and_never_alive(cast: Cast) -> None:
    mallory = a_person("Mallory", Role.ADMINISTRATOR, cast.organisation)
    get_user_model().objects.filter(pk=mallory.user_id).update(name=HOSTILE)
    hostile = replace(cast, ann=replace(mallory, user_name=HOSTILE))
    rule = rule_of_now(hostile, state=S.DRAFT, reason_text=HOSTILE * 3, recipients=("a'<b>@example.com",))
    waiting = rule_of_now(hostile, state=S.PROPOSED, reason_text=HOSTILE * 3)
    mode_tighten(viewer=hostile.ann, domain_id=None, mode=Mode.REJECT, at=timezone.now())
    loosening_propose(
        viewer=hostile.ann, domain_id=None, mode=Mode.MONITOR, share=100, reason=HOSTILE, at=timezone.now()
    )
    node, _ = enrol_node(viewer=cast.cy, name=HOSTILE, at=timezone.now())
    Node.objects.filter(pk=node.pk).update(
        agent_version=HOSTILE, filter_version=HOSTILE, error_code=HOSTILE, last_contact_at=timezone.now()
    )
    hit(cast, rule, node, envelope_domain=HOSTILE, action=HOSTILE, header_from=HOSTILE)
    client = as_person(cast.cy)
    for url in (
        "/exceptions/",
        f"/exceptions/{rule.pk}/",
        f"/exceptions/{rule.pk}/propose/",
        f"/exceptions/{waiting.pk}/approve/",
        "/nodes/",
        "/enforcement/",
    ):
        response = client.get(url)
        assert response.status_code == 200
        assert b"<script>alert" not in response.content
        assert not tree(response).xpath("//main//strong//b")
    for name in ("header_from", "networks", "dkim_domain", "recipients", "reason_text", "expires_at", "owner"):
        response = client.post("/exceptions/new/", {name: HOSTILE})
        assert response.status_code == 422
        assert b"<script>alert" not in response.content
    assert b"<script>alert" not in client.get("/exceptions/new/impact/", {"header_from": HOSTILE}).content


def test_a_rule_page_costs_the_same_however_long_its_history(cast: Cast, django_assert_max_num_queries: Any) -> None:
    rule = rule_of_now(cast, state=S.APPROVED)
    client = as_person(cast.bob)
    with django_assert_max_num_queries(17):
        client.get(f"/exceptions/{rule.pk}/")
    for _ in range(30):
        rule_of_now(cast)
    with django_assert_max_num_queries(17):
        client.get("/exceptions/")
