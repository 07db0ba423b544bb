"""Asking for an exception by page: filled with what the reports prove, refused at the field, owned by who asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from exceptions.models import ExceptionRule, RuleVersion
from exceptions.vocabulary import RuleState
from reports.models import Source
from reports.vocabulary import Role
from tests.exceptions.cast import REASON, Cast, a_cast, a_person, an_organisation
from tests.exceptions.pages import as_person, field_errors, rule_of_now, standing, text, tree
from tests.reports.stored import record, report, upload

S = RuleState
SIGNING, ENVELOPED, BARE, MIXED = "198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"


@pytest.fixture
def cast(db: None) -> Cast:
    """Four failing sources: one that signs, one whose SPF passes, one that proves nothing, one that signs half of it."""
    cast = a_cast()
    begin = int((timezone.now() - timedelta(days=1)).timestamp()) // 86_400 * 86_400
    signed = ("vendor.example", "pass")
    data = report(
        record(SIGNING, 10, spf_domain="bounce.example", spf_result="pass", signature=signed),
        record(ENVELOPED, 10, spf_domain="bounce.example", spf_result="pass"),
        record(BARE, 10),
        record(MIXED, 5, signature=signed),
        record(MIXED, 5),
        report_id="r-1",
        begin=begin,
        end=begin + 86_399,
        domain="example.com",
    )
    assert upload(data, organisation=cast.organisation, at=timezone.now()).outcome == "stored"
    return cast


def address_of(cast: Cast, address: str) -> str:
    source = Source.objects.get(organisation=cast.organisation, address=address)
    return f"/exceptions/new/?source={source.pk}&from=example.com"


def fields(**changes: str) -> dict[str, str]:
    plain = {
        "header_from": "example.com",
        "networks": "198.51.100.3",
        "action": "deliver",
        "reason_code": "vendor_not_aligned",
        "reason_text": REASON,
        "expires_at": f"{timezone.now() + timedelta(days=30):%Y-%m-%dT%H:%M}",
        "then": "ask",
    }
    return plain | changes


def shown(response: Any, name: str) -> str:
    (field,) = tree(response).xpath(f"//*[@id='id_{name}']")
    if field.tag == "select":
        return str(field.xpath(".//option[@selected]")[0].text)
    return (field.text or "").strip() if field.tag == "textarea" else str(field.get("value") or "")


@pytest.mark.parametrize(
    ("address", "evidence"),
    [
        (SIGNING, ("vendor.example", "", "")),
        (ENVELOPED, ("", "bounce.example", "")),
        (BARE, ("", "", BARE)),
        (MIXED, ("", "", MIXED)),
    ],
)
def test_the_form_begins_with_the_narrowest_evidence(cast: Cast, address: str, evidence: tuple[str, ...]) -> None:
    page = as_person(cast.ann).get(address_of(cast, address))
    assert tuple(shown(page, name) for name in ("dkim_domain", "envelope_domain", "networks")) == evidence
    assert (shown(page, "header_from"), shown(page, "owner")) == ("example.com", "Ann")
    month = timezone.now() + timedelta(days=30)
    assert shown(page, "expires_at")[:10] in {f"{month:%Y-%m-%d}", f"{month - timedelta(minutes=1):%Y-%m-%d}"}


def test_a_source_of_another_organisation_is_not_found(cast: Cast) -> None:
    stranger = a_person("Stranger", Role.ANALYST, an_organisation("Theirs"))
    assert as_person(stranger).get(address_of(cast, BARE)).status_code == 404


@pytest.mark.parametrize(
    "query",
    ["?source=x&from=%00", "?source=&from=", "?from=example.com", "?source=%C2%B2", "?source=" + "9" * 5000],
    ids=range(5),
)
def test_nonsense_in_the_address_bar_gives_an_empty_form(cast: Cast, query: str) -> None:
    page = as_person(cast.ann).get(f"/exceptions/new/{query}")
    assert (page.status_code, shown(page, "header_from")) == (200, "")


def test_a_source_without_a_from_domain_still_names_its_address(cast: Cast) -> None:
    page = as_person(cast.ann).get(address_of(cast, BARE).replace("example.com", "%3Cscript%3E"))
    assert (shown(page, "header_from"), shown(page, "networks")) == ("", BARE)


def test_asking_writes_a_proposal_that_the_requester_owns(cast: Cast) -> None:
    answer = as_person(cast.ann).post(address_of(cast, BARE), fields(owner=str(cast.ann.user_id)))
    rule = ExceptionRule.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/exceptions/{rule.pk}/")
    version = RuleVersion.objects.get()
    assert (rule.state, rule.proposed_by_name, version.owner_name) == (S.PROPOSED, "Ann", "Ann")
    assert (version.header_from, version.networks) == ("example.com", ["198.51.100.3/32"])


def test_saving_asks_nobody_and_any_member_may_be_the_owner(cast: Cast) -> None:
    as_person(cast.ann).post("/exceptions/new/", fields(owner=str(cast.dan.user_id), then="save"))
    rule = ExceptionRule.objects.get()
    assert (rule.state, rule.versions.get().owner_name) == (S.DRAFT, "Dan")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"header_from": ""}, "header_from", "a source alone would let it write in anybody's name"),
        ({"header_from": "example"}, "header_from", "“example” is not a domain"),
        ({"networks": ""}, "networks", "Say what proves the source"),
        ({"networks": "198.51.0.0/16"}, "networks", "198.51.0.0/16 is too wide. Name at most a /24"),
        ({"networks": "198.51.100.7/24"}, "networks", "If you mean the whole network, write 198.51.100.0/24"),
        ({"networks": "mail"}, "networks", "“mail” is not an address or network"),
        ({"dkim_domain": "*"}, "dkim_domain", "“*” is not a domain"),
        ({"recipients": "a@b@c"}, "recipients", "“a@b@c” is not an address or a domain"),
        ({"reason_text": "Because."}, "reason_text", "at least 40 characters"),
        ({"reason_text": ""}, "reason_text", "Say why this is needed"),
        ({"expires_at": ""}, "expires_at", "Every exception needs an end."),
        ({"expires_at": "2001-01-01T00:00"}, "expires_at", "The end of this rule is past."),
        ({"expires_at": "9999-12-31T23:59"}, "expires_at", "A rule lasts at most 90 days."),
        ({"starts_at": "9999-12-31T23:59"}, "starts_at", "A rule starts within 90 days."),
        ({"starts_at": "9999-12-31T23:59", "expires_at": ""}, "starts_at", "A rule starts within 90 days."),
        ({"owner": "0"}, "owner", "Choose one from the list."),
    ],
)
def test_each_refusal_stands_at_its_field_and_nothing_is_written(
    cast: Cast, changes: dict[str, str], field: str, words: str
) -> None:
    before = standing()
    answer = as_person(cast.ann).post("/exceptions/new/", fields(owner=str(cast.ann.user_id)) | changes)
    assert answer.status_code == 422
    assert any(words in sentence for sentence in field_errors(answer)[field])
    assert standing() == before


def test_an_owner_of_another_organisation_is_no_choice(cast: Cast) -> None:
    stranger = a_person("Stranger", Role.ANALYST, an_organisation("Theirs"))
    answer = as_person(cast.ann).post("/exceptions/new/", fields(owner=str(stranger.user_id)))
    assert field_errors(answer) == {
        "owner": ["The owner must be an active person of this organisation. Choose one from the list."]
    }
    assert ExceptionRule.objects.count() == 0


@pytest.mark.parametrize("who", ["dan", "eve"])
def test_who_may_not_ask_is_refused(cast: Cast, who: str) -> None:
    client = as_person(getattr(cast, who))
    assert client.get("/exceptions/new/").status_code == 403
    assert client.post("/exceptions/new/", fields(owner=str(cast.ann.user_id))).status_code == 403
    assert client.get("/exceptions/new/impact/", fields()).status_code == 403
    assert ExceptionRule.objects.count() == 0


def test_an_edit_makes_a_new_version_of_what_was_seen(cast: Cast) -> None:
    rule = rule_of_now(cast, state=S.PROPOSED)
    client = as_person(cast.ann)
    page = client.get(f"/exceptions/{rule.pk}/edit/")
    assert (shown(page, "networks"), shown(page, "seen_version")) == ("198.51.100.25", "1")
    given = fields(owner=str(cast.ann.user_id), then="save", networks="198.51.100.26", seen_version="1")
    assert client.post(f"/exceptions/{rule.pk}/edit/", given).status_code == 302
    rule.refresh_from_db()
    assert (rule.state, rule.version) == (S.DRAFT, 2)
    before = standing()
    answer = client.post(f"/exceptions/{rule.pk}/edit/", given)
    assert answer.status_code == 409
    assert "you saw version 1, it is now version 2" in text(answer)
    assert standing() == before


def test_the_preview_tells_what_else_would_pass(cast: Cast) -> None:
    source = Source.objects.get(address=BARE)
    given = fields(networks="198.51.100.0/24", reason_text="", source=str(source.pk))
    page = text(as_person(cast.ann).get("/exceptions/new/impact/", given))
    assert "The source it is asked for, 198.51.100.3: 10 of its 10 failing messages." in page
    assert "Beside it 30 messages of 3 other sources:" in page
    fragment = as_person(cast.ann).get("/exceptions/new/impact/", given, headers={"HX-Request": "true"})
    assert b"<html" not in fragment.content


def test_the_preview_of_half_a_rule_says_what_is_missing(cast: Cast) -> None:
    client = as_person(cast.ann)
    assert client.get("/exceptions/new/impact/").status_code == 422
    fragment = client.get("/exceptions/new/impact/", fields(networks=""), headers={"HX-Request": "true"})
    assert (fragment.status_code, "Say what proves the source" in fragment.content.decode()) == (200, True)


def test_the_page_of_a_rule_fetches_what_it_lets_in(cast: Cast) -> None:
    rule = rule_of_now(cast, networks=("198.51.100.0/24",))
    client = as_person(cast.dan)
    assert f'hx-get="/exceptions/{rule.pk}/impact/"' in client.get(f"/exceptions/{rule.pk}/").content.decode()
    assert "40 failing messages of 4 sources would have passed:" in text(client.get(f"/exceptions/{rule.pk}/impact/"))
