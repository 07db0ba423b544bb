"""Who gets in where: every address for every role, as docs/roles.md says."""

from __future__ import annotations

import pytest

from reports.permissions import may
from reports.vocabulary import Role
from tests.pages.addresses import ACTS, FEEDS, OPEN, PAGES, POSTED, nowhere, our_patterns, somewhere
from tests.website.house import OURS, House


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
