"""Decisions by page: a page before, a POST after, and every refusal leaves all as it was."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dmarcsite.celery import app
from exceptions.lifecycle import services
from exceptions.models import Approval, ExceptionRule, Snapshot
from exceptions.vocabulary import RuleState
from tests.exceptions.cast import Cast, a_cast, a_rule, content
from tests.exceptions.pages import alert, as_person, field_errors, rule_of_now, standing, text, tree

S = RuleState


@pytest.fixture
def cast(db: None) -> Cast:
    return a_cast()


@pytest.fixture
def at_once() -> Any:
    """Tasks run where they are sent, so that a test sees what they did."""
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def published_rules() -> list[str]:
    newest = Snapshot.objects.order_by("-number").first()
    return [rule["id"] for rule in json.loads(bytes(newest.document))["rules"]] if newest else []


def edited(rule: ExceptionRule, cast: Cast) -> ExceptionRule:
    version = rule.versions.get(number=rule.version)
    wider = content(cast.ann, networks=("198.51.100.0/24",), starts_at=version.starts_at, expires_at=version.expires_at)
    services.rule_edit(rule, content=wider, viewer=cast.ann, seen_version=rule.version, at=timezone.now())
    return services.rule_propose(rule, viewer=cast.ann, seen_version=rule.version, at=timezone.now())


def test_approving_is_a_page_and_then_a_post_and_the_filters_are_told(
    cast: Cast, at_once: None, django_capture_on_commit_callbacks: Any
) -> None:
    rule = rule_of_now(cast, state=S.PROPOSED)
    client = as_person(cast.bob)
    page = client.get(f"/exceptions/{rule.pk}/approve/")
    assert "from 198.51.100.25, to anyone, is delivered although it fails DMARC" in text(page)
    assert tree(page).xpath("//main//input[@name='seen_version']/@value") == ["1"]
    assert Approval.objects.count() == 0
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"/exceptions/{rule.pk}/approve/", {"seen_version": "1", "reason": "For a month."})
    assert (answer.status_code, answer["Location"]) == (302, f"/exceptions/{rule.pk}/")
    assert list(Approval.objects.values_list("version__number", "approver_name", "reason")) == [
        (1, "Bob", "For a month.")
    ]
    assert published_rules() == [rule.reference]


def test_revoking_takes_one_person_and_a_reason_and_the_filters_are_told(
    cast: Cast, at_once: None, django_capture_on_commit_callbacks: Any
) -> None:
    rule = rule_of_now(cast, state=S.APPROVED)
    client = as_person(cast.ann)
    before = standing()
    answer = client.post(f"/exceptions/{rule.pk}/revoke/", {"seen_version": "1", "reason": " "})
    assert answer.status_code == 422
    assert field_errors(answer) == {
        "reason": ["Give a reason: it stays in the history, and the person who asked will read it."]
    }
    assert standing() == before
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"/exceptions/{rule.pk}/revoke/", {"seen_version": "1", "reason": "The vendor signs now."})
    rule.refresh_from_db()
    assert rule.state == S.REVOKED
    assert Snapshot.objects.count() == 1
    assert published_rules() == []


@pytest.mark.parametrize("who", ["ann", "dan", "eve"])
def test_a_role_without_the_act_is_refused(cast: Cast, who: str) -> None:
    rule = rule_of_now(cast, state=S.PROPOSED)
    client, before = as_person(getattr(cast, who)), standing()
    assert client.get(f"/exceptions/{rule.pk}/approve/").status_code == 403
    assert client.post(f"/exceptions/{rule.pk}/approve/", {"seen_version": "1"}).status_code == 403
    assert standing() == before


def test_nobody_approves_their_own_and_reads_why(cast: Cast) -> None:
    rule = rule_of_now(cast, state=S.DRAFT)
    services.rule_propose(rule, viewer=cast.bob, seen_version=1, at=timezone.now())
    client, before = as_person(cast.bob), standing()
    for answer in (
        client.get(f"/exceptions/{rule.pk}/approve/"),
        client.post(f"/exceptions/{rule.pk}/approve/", {"seen_version": "1"}),
    ):
        assert answer.status_code == 409
        assert alert(answer) == "You asked for this, so somebody else must decide."
    assert standing() == before


def test_nobody_approves_a_version_that_they_did_not_see(cast: Cast) -> None:
    rule = edited(rule_of_now(cast, state=S.PROPOSED), cast)
    client, before = as_person(cast.bob), standing()
    answer = client.post(f"/exceptions/{rule.pk}/approve/", {"seen_version": "1", "reason": "Fine."})
    assert answer.status_code == 409
    assert "you saw version 1, it is now version 2. Read it again, then decide." in alert(answer)
    assert standing() == before
    page = tree(answer)
    assert page.xpath("//main//input[@name='seen_version']/@value") == ["2"]
    assert page.xpath("//main//textarea[@name='reason']")[0].text.strip() == "Fine."
    assert [item.text_content().split()[-1] for item in page.xpath("//*[@role='alert']//ins")] == ["198.51.100.0/24"]


@pytest.mark.parametrize(
    ("state", "step", "who"),
    [
        (S.DRAFT, "approve", "bob"),
        (S.APPROVED, "approve", "bob"),
        (S.REVOKED, "revoke", "bob"),
        (S.REJECTED, "propose", "ann"),
        (S.WITHDRAWN, "withdraw", "ann"),
        (S.APPROVED, "edit", "ann"),
    ],
)
def test_a_step_that_the_state_does_not_allow_is_refused_before_and_after(
    cast: Cast, state: RuleState, step: str, who: str
) -> None:
    rule = rule_of_now(cast, state=state)
    client, before = as_person(getattr(cast, who)), standing()
    for answer in (
        client.get(f"/exceptions/{rule.pk}/{step}/"),
        client.post(f"/exceptions/{rule.pk}/{step}/", {"seen_version": "1", "reason": "Because."}),
    ):
        assert answer.status_code == 409
        assert "Reload the page to see how." in alert(answer)
    assert standing() == before


def test_a_rule_that_is_over_by_now_is_not_approved(cast: Cast) -> None:
    then = timezone.now() - timedelta(days=10)
    rule = a_rule(cast, state=S.PROPOSED, at=then, starts_at=then, expires_at=then + timedelta(days=9))
    before = standing()
    answer = as_person(cast.bob).post(f"/exceptions/{rule.pk}/approve/", {"seen_version": "1"})
    assert (answer.status_code, alert(answer)) == (422, "The end of this rule is past. Choose a later one.")
    assert standing() == before


@pytest.mark.parametrize("seen", ["", "x", "0", "99999999999999999999", "-1"])
def test_a_version_that_nobody_can_have_seen_decides_nothing(cast: Cast, seen: str) -> None:
    rule = rule_of_now(cast, state=S.PROPOSED)
    client, before = as_person(cast.bob), standing()
    assert client.post(f"/exceptions/{rule.pk}/approve/", {"seen_version": seen}).status_code in (409, 422)
    assert standing() == before


def test_a_request_is_rejected_with_a_reason_and_withdrawn_without(cast: Cast) -> None:
    rejected, withdrawn = rule_of_now(cast, state=S.PROPOSED), rule_of_now(cast, state=S.PROPOSED)
    as_person(cast.bob).post(f"/exceptions/{rejected.pk}/reject/", {"seen_version": "1", "reason": "Fix it instead."})
    as_person(cast.ann).post(f"/exceptions/{withdrawn.pk}/withdraw/", {"seen_version": "1"})
    assert list(ExceptionRule.objects.order_by("pk").values_list("state", flat=True)) == [S.REJECTED, S.WITHDRAWN]
    assert "Fix it instead." in text(as_person(cast.ann).get(f"/exceptions/{rejected.pk}/"))
