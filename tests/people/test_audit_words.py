"""The Audit page speaks in words, and finds entries by act and by person."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver

from dmarcsite.audit.acts import ACTS, KINDS, act_words
from dmarcsite.audit.details import details
from dmarcsite.people import adapter
from dmarcsite.people.first_administrator import make_organisation
from exceptions.plans.services import mode_tighten
from exceptions.vocabulary import Mode, RuleState
from reports.audit import log
from reports.audit.actions import known
from reports.models import AuditEntry
from tests.exceptions.cast import NOW, Cast, a_cast, a_rule
from tests.exceptions.pages import as_person, text, tree

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def cast(db: None) -> Cast:
    return a_cast()


def acts(client: Client, **query: str) -> list[str]:
    return [cell.text_content() for cell in tree(client.get("/audit/", query)).xpath("//main//tbody/tr/td[4]")]


def test_every_registered_act_has_words_and_a_kind_and_no_words_are_left_over() -> None:
    assert get_resolver().url_patterns  # everything that registers acts is loaded with the pages,
    assert adapter.InvitationOnlyAdapter  # or, for log-ins, with the first of them
    assert {name for name in known() if not name.startswith("tests.")} == set(ACTS)
    for name in ACTS:
        assert sum(name.startswith(kind.prefixes) for kind in KINDS) == 1, name


def test_an_act_and_a_key_that_this_version_does_not_know_are_shown_as_they_are() -> None:
    assert act_words("old.thing.happened") == "old.thing.happened"
    assert details({"old_key": {"deep": [1, HOSTILE]}}) == [("old key", f"deep: 1, {HOSTILE}")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"role": "approver"}, [("Role", "Approver")]),
        (
            {"to": {"mode": "reject", "share": 20}, "from": {"mode": "monitor", "share": 100}},
            [("Before", "Monitor, 100 %"), ("After", "Reject, 20 %")],
        ),
        ({"folder": {"before": "INBOX", "after": "DMARC"}, "is_password_new": False},
         [("Folder", "INBOX → DMARC"), ("New password", "no")]),
        ({"own_reporters": {"before": [], "after": ["a.example", "b.example"]}},
         [("Our own gateways, as reporters", "– → a.example, b.example")]),
        ({"owner": {"id": 4, "name": "Ann"}}, [("Owner", "Ann")]),
        ({"until": "2026-11-24T18:05:00+09:00"}, [("Visible until", "24 Nov 2026 09:05 UTC")]),
        ({"until": "soon"}, [("Visible until", "soon")]),
        ({"expires_at": 10**30}, [("Ends", str(10**30))]),
        ({"rules": [], "number": 3}, [("Number", "3")]),
    ],
)  # fmt: skip
def test_details_are_words(data: dict[str, object], words: list[tuple[str, str]]) -> None:
    assert details(data) == words


def test_a_rule_is_told_field_by_field(cast: Cast) -> None:
    a_rule(cast)
    assert details(AuditEntry.objects.get().data) == [
        ("Version", "1"),
        ("State", "Draft"),
        ("Owner", "Ann"),
        ("Starts", "24 Nov 2026 09:00 UTC"),
        ("From domain", "example.com"),
        ("Networks", "198.51.100.25/32"),
        ("What happens to the mail", "Deliver"),
        ("Ends", "24 Dec 2026 09:00 UTC"),
        ("Reason", "A vendor does not sign as our domain"),
    ]


def test_entries_are_found_by_kind_by_act_and_by_person(cast: Cast) -> None:
    a_rule(cast, state=RuleState.EXPIRED)
    mode_tighten(viewer=cast.bob, domain_id=None, mode=Mode.REJECT, at=datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
    client = as_person(cast.eve)
    everything = [
        "Enforcement made stricter", "Exception expired", "Exception approved", "Approval of an exception asked for",
        "Exception drafted",
    ]  # fmt: skip
    assert acts(client) == everything
    assert acts(client, act="rules") == everything[1:]
    assert acts(client, act="exceptions.rule.approved") == ["Exception approved"]
    assert acts(client, person=str(cast.bob.user_id)) == ["Enforcement made stricter", "Exception approved"]
    assert acts(client, person=str(cast.bob.user_id), act="rules") == ["Exception approved"]
    assert acts(client, person="system") == ["Exception expired"]
    assert acts(client, act="demo") == []
    assert "No entry matches." in text(client.get("/audit/", {"act": "demo"}))


@pytest.mark.parametrize(
    "query", [{"act": "\0"}, {"act": HOSTILE}, {"person": "9" * 30}, {"person": "-1", "page": "x"}]
)
def test_a_choice_that_there_is_not_chooses_nothing(cast: Cast, query: dict[str, str]) -> None:
    a_rule(cast)
    assert acts(as_person(cast.eve), **query) == ["Exception drafted"]


def test_only_people_of_this_organisation_can_be_chosen(cast: Cast) -> None:
    a_rule(cast)
    with transaction.atomic():
        log.record("people.role.ended", at=NOW, actor=None, organisation=make_organisation(name="X", slug="x"))
    people = tree(as_person(cast.eve).get("/audit/")).xpath("//select[@name='person']/option")
    assert [option.text_content() for option in people] == ["Everybody", "Ann"]
