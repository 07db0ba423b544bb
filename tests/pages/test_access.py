"""Who gets in where: every address for every role, as docs/roles.md says."""

from __future__ import annotations

import pytest

from reports.permissions import may
from reports.vocabulary import Role
from tests.pages.addresses import ACTS, FEEDS, OPEN, PAGES, POSTED, has_number, nowhere, our_patterns, somewhere
from tests.website.house import OURS, House
from tests.website.site import PASSWORD
from tests.website.visitor import Visitor

NEIGHBOUR = "boss@neighbour.example"
_MOVE_IN = f"""
from dmarcsite.models import User
from reports.models import Membership, Organisation
user = User.objects.create_user(email="{NEIGHBOUR}", password="{PASSWORD}")
Membership.objects.create(organisation=Organisation.objects.create(name="Neighbour", slug="neighbour"), user=user, role="administrator")
"""


def test_the_table_knows_every_address() -> None:
    assert set(our_patterns()) - OPEN - FEEDS == set(ACTS)


@pytest.mark.parametrize("role", list(Role))
def test_pages_open_to_those_who_may_and_to_nobody_else(house: House, role: Role) -> None:
    """Where the role may but this person may not (four eyes), the page says so with 409."""
    wrong = {}
    for name in PAGES:
        path = somewhere(house, name, organisation=OURS)
        assert path, f"nothing to see at {name}"
        status, act = house.people[role].get(path).status_code, ACTS[name]
        allowed = act is None or may(role, act)
        if status not in ({200, 409} if allowed else {403}):
            wrong[name] = (status, "may" if allowed else "may not")
    assert wrong == {}


@pytest.mark.parametrize("role", list(Role))
def test_posts_are_taken_from_those_who_may_and_from_nobody_else(house: House, role: Role) -> None:
    """About something that there is not, or without a word, so nothing changes: 404 or a complaint, but no refusal."""
    wrong = {}
    for name in ACTS:
        act = ACTS[name]
        allowed = act is None or may(role, act)
        if name == "demo-remove" and allowed:
            continue  # it would do it
        status = house.people[role].post(nowhere(name)).status_code
        if name not in POSTED and status == 405:
            continue
        if (status == 403) is allowed or status >= 500:
            wrong[name] = (status, "may" if allowed else "may not")
    assert wrong == {}


def test_what_changes_something_cannot_be_asked_by_a_link(house: House) -> None:
    statuses = {name: house.people[Role.ADMINISTRATOR].get(nowhere(name)).status_code for name in POSTED}
    assert statuses == dict.fromkeys(POSTED, 405)


def test_an_administrator_of_another_organisation_finds_nothing_of_ours(house: House) -> None:
    """Neither to look at nor to change: every address with a number answers as if nothing had that number."""
    house.site.manage("shell", "--no-imports", "-c", _MOVE_IN)
    neighbour = Visitor(house.site)
    neighbour.log_in(NEIGHBOUR)
    wrong, absent = {}, set()
    for name in filter(has_number, ACTS):
        path = somewhere(house, name, organisation=OURS)
        if path is None:
            absent.add(name)
            continue
        ours, none = ([neighbour.get(each), neighbour.post(each)] for each in (path, nowhere(name)))
        said = [(answer.status_code, answer.headers.get("Location")) for answer in ours]
        if said != [(answer.status_code, answer.headers.get("Location")) for answer in none] or ours[0].is_success:
            wrong[name] = said
    assert wrong == {}
    assert absent <= {"reports:service-drop", "reports:mailbox-sign-in"}
    shown = [
        neighbour.get(somewhere(house, name, organisation=OURS) or "").text for name in PAGES if not has_number(name)
    ]
    assert not any("198.51.100.2" in text or "late@example.com" in text for text in shown)
