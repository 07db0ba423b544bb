"""Enforcement by page: stricter at once, looser by two, and what it means before it happens."""

from __future__ import annotations

import pytest
from django.utils import timezone

from exceptions.models import EnforcementMode, ModeChange
from exceptions.plans import services
from exceptions.vocabulary import Mode
from reports.models import Domain
from reports.vocabulary import Role
from tests.exceptions.cast import Cast, a_cast, a_person, an_organisation
from tests.exceptions.pages import alert, as_person, field_errors, standing, text, tree

REASON = "The monthly invoices are being refused."


@pytest.fixture
def cast(db: None) -> Cast:
    return a_cast()


def domain_pk(cast: Cast, name: str = "example.com") -> int:
    return Domain.objects.get(organisation=cast.organisation, name=name).pk


def rejecting(cast: Cast) -> None:
    services.mode_tighten(viewer=cast.bob, domain_id=domain_pk(cast), mode=Mode.REJECT, at=timezone.now())


def a_proposal(cast: Cast) -> ModeChange:
    rejecting(cast)
    return services.loosening_propose(
        viewer=cast.bob, domain_id=domain_pk(cast), mode=Mode.MONITOR, reason=REASON, at=timezone.now()
    )


def given(cast: Cast, mode: Mode, *, share: int = 100, reason: str = "") -> dict[str, str | int]:
    return {"domain": domain_pk(cast), "mode": mode.value, "share": share, "reason": reason}


def modes() -> list[tuple[str | None, str, int]]:
    return list(EnforcementMode.objects.order_by("pk").values_list("domain__name", "mode", "share"))


def test_everything_starts_with_watching_only_and_says_the_three_ways(cast: Cast) -> None:
    page = text(as_person(cast.dan).get("/enforcement/"))
    for words in ("All others", "example.com", "partner.example", "Blanket", "Phased", "People-centric"):
        assert words in page
    assert page.count("Monitor") >= 3


def test_stricter_takes_one_person_after_a_page_that_says_what_it_means(cast: Cast) -> None:
    client = as_person(cast.bob)
    page = client.get("/enforcement/change/", given(cast, Mode.REJECT, share=50))
    assert "it takes effect at once" in text(page)
    assert "for 50 per cent of all pairs" in text(page)
    assert tree(page).xpath("//main//form/@action") == ["/enforcement/tighten/"]
    assert modes() == []
    assert client.post("/enforcement/tighten/", given(cast, Mode.REJECT, share=50)).status_code == 302
    assert modes() == [("example.com", "reject", 50)]


def test_the_default_is_set_without_a_domain(cast: Cast) -> None:
    as_person(cast.bob).post("/enforcement/tighten/", {"domain": "", "mode": "quarantine", "share": "100"})
    assert modes() == [(None, "quarantine", 100)]


def test_looser_is_a_proposal_that_needs_a_reason(cast: Cast) -> None:
    rejecting(cast)
    client = as_person(cast.bob)
    page = client.get("/enforcement/change/", given(cast, Mode.QUARANTINE))
    assert "another approver or administrator has to agree" in text(page)
    assert tree(page).xpath("//main//form/@action") == ["/enforcement/loosen/"]
    before = standing()
    answer = client.post("/enforcement/loosen/", given(cast, Mode.QUARANTINE))
    assert answer.status_code == 422
    assert list(field_errors(answer)) == ["reason"]
    assert standing() == before
    assert client.post("/enforcement/loosen/", given(cast, Mode.QUARANTINE, reason=REASON)).status_code == 302
    assert modes() == [("example.com", "reject", 100)]
    assert list(ModeChange.objects.values_list("from_mode", "mode", "reason")) == [("reject", "quarantine", REASON)]


def test_looser_is_never_set_at_once(cast: Cast) -> None:
    rejecting(cast)
    before = standing()
    answer = as_person(cast.cy).post("/enforcement/tighten/", given(cast, Mode.MONITOR))
    assert answer.status_code == 422
    assert alert(answer).startswith("This would enforce less than now (Reject, 100 %)")
    assert standing() == before


def test_another_person_agrees_after_a_page_that_shows_what(cast: Cast) -> None:
    change = a_proposal(cast)
    client = as_person(cast.cy)
    page = text(client.get(f"/enforcement/proposals/{change.pk}/approve/"))
    assert REASON in page
    assert "Mail that fails DMARC is delivered." in page
    assert client.post(f"/enforcement/proposals/{change.pk}/approve/").status_code == 302
    assert modes() == [("example.com", "monitor", 100)]


def test_who_asked_is_not_offered_to_agree(cast: Cast) -> None:
    page = as_person(cast.bob).get(f"/enforcement/proposals/{a_proposal(cast).pk}/approve/")
    assert page.status_code == 200
    assert "You asked for this, so somebody else must decide." in page.content.decode()
    assert not tree(page).xpath("//main//button[@type='submit']")


def test_nobody_agrees_with_themselves(cast: Cast) -> None:
    change = a_proposal(cast)
    client, before = as_person(cast.bob), standing()
    answer = client.post(f"/enforcement/proposals/{change.pk}/approve/")
    assert answer.status_code == 409
    assert alert(answer) == "You asked for this, so somebody else must decide."
    assert standing() == before
    assert "You asked for this, so somebody else must decide." in text(client.get("/enforcement/"))


@pytest.mark.parametrize(("step", "who", "state"), [("reject", "cy", "rejected"), ("withdraw", "bob", "withdrawn")])
def test_a_proposal_ends_and_nothing_changes(cast: Cast, step: str, who: str, state: str) -> None:
    change = a_proposal(cast)
    client = as_person(getattr(cast, who))
    assert client.post(f"/enforcement/proposals/{change.pk}/{step}/").status_code == 302
    change.refresh_from_db()
    assert (change.state, modes()) == (state, [("example.com", "reject", 100)])
    assert client.post(f"/enforcement/proposals/{change.pk}/{step}/").status_code == 409


@pytest.mark.parametrize("who", ["dan", "ann", "eve"])
def test_a_role_without_the_act_is_refused(cast: Cast, who: str) -> None:
    change = a_proposal(cast)
    client, before = as_person(getattr(cast, who)), standing()
    assert client.get("/enforcement/").status_code == 200
    assert client.get("/enforcement/change/").status_code == 403
    for url in (
        "tighten/",
        "loosen/",
        *(f"proposals/{change.pk}/{step}/" for step in ("approve", "reject", "withdraw")),
    ):
        assert client.post(f"/enforcement/{url}", given(cast, Mode.REJECT, reason=REASON)).status_code == 403
    assert standing() == before


def test_proposals_and_domains_of_another_organisation_are_not_found(cast: Cast) -> None:
    change = a_proposal(cast)
    client = as_person(a_person("Stranger", Role.ADMINISTRATOR, an_organisation("Theirs")))
    before = standing()
    for step in ("approve", "reject", "withdraw"):
        assert client.post(f"/enforcement/proposals/{change.pk}/{step}/").status_code == 404
    assert client.post("/enforcement/tighten/", given(cast, Mode.REJECT)).status_code == 422
    assert client.get("/enforcement/change/", {"domain": domain_pk(cast)}).status_code == 422
    assert standing() == before


@pytest.mark.parametrize(
    "query",
    [
        "?domain=x",
        "?domain=99999999999999999999",
        "?domain=" + "9" * 5000,
        "?mode=nonsense&share=100",
        "?mode=reject",
        "?mode=reject&share=101",
        "?mode=reject&share=x",
        "?mode=reject&share=%00",
        "?mode=%00&share=-1",
    ],
)
def test_nonsense_in_the_address_bar_never_fails(cast: Cast, query: str) -> None:
    assert as_person(cast.bob).get(f"/enforcement/change/{query}").status_code == 422


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"domain": "x", "mode": "reject", "share": "100"},
        {"domain": "99999999999999999999", "mode": "reject", "share": "100"},
        {"mode": "reject", "share": "101"},
        {"mode": "block", "share": "100"},
        {"mode": "reject", "share": "100", "reason": "\0"},
    ],
)
def test_a_malformed_form_changes_nothing_and_never_fails(cast: Cast, data: dict[str, str]) -> None:
    before = standing()
    for url in ("tighten/", "loosen/"):
        assert as_person(cast.bob).post(f"/enforcement/{url}", data).status_code == 422
    assert standing() == before
