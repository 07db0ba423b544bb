"""Which of several reports with one identity count: a table, and what holds for any of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.ingest.superseding import Contender, decide

NOON = datetime(2023, 11, 16, 12, 0, tzinfo=UTC)
FILE = "receiver.example!example.com!1700000000!1700086399"
OWN = {"sender_domain": "receiver.example", "fits": True}
SERVICE = {"sender_domain": "service.example"}
STRANGER = {"sender_domain": "stranger.example"}


def contender(pk: int, *, hour: int = 0, **facts: Any) -> Contender:
    return Contender(pk, NOON + timedelta(hours=hour), bytes([pk]), **{"filename": FILE, **facts})


@pytest.mark.parametrize(
    ("said", "older", "newer", "expected"),
    [
        ("two that nobody proved both count", {}, {}, {1: None, 2: None}),
        ("a forged one never shadows the true one", OWN, {}, {1: None, 2: None}),
        ("the true one that comes later replaces the forged one", {}, OWN, {1: 2, 2: None}),
        ("the same reporter replaces its own", OWN, OWN, {1: 2, 2: None}),
        ("so does a service that sent both", SERVICE, SERVICE, {1: 2, 2: None}),
        ("a stranger proves only himself", {}, STRANGER, {1: None, 2: None}),
        ("a stranger does not replace the reporter", OWN, STRANGER, {1: None, 2: None}),
        ("the reporter replaces what a stranger sent", STRANGER, OWN, {1: 2, 2: None}),
        ("two strangers both count", SERVICE, STRANGER, {1: None, 2: None}),
        ("another file is another report", OWN, {**OWN, "filename": "other"}, {1: None, 2: None}),
        ("no file name says nothing", {**OWN, "filename": ""}, {**OWN, "filename": ""}, {1: None, 2: None}),
        ("what breaks off replaces no whole one", OWN, {**OWN, "is_truncated": True}, {1: None, 2: None}),
        ("the whole one replaces what breaks off", {**OWN, "is_truncated": True}, OWN, {1: 2, 2: None}),
        ("a longer part replaces a shorter", {**OWN, "is_truncated": True}, {**OWN, "is_truncated": True}, {1: 2, 2: None}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_an_older_and_a_newer_report(
    said: str, older: dict[str, Any], newer: dict[str, Any], expected: dict[int, int | None]
) -> None:
    pair = [contender(1, **older), contender(2, hour=1, **newer)]
    assert decide(pair) == expected
    assert decide(reversed(pair)) == expected


@pytest.mark.parametrize("hour", [-1, 1])
@pytest.mark.parametrize(
    ("whole", "truncated", "is_replaced"),
    [
        ({}, {}, True),
        (OWN, {}, True),
        (OWN, OWN, True),
        (OWN, STRANGER, True),
        ({"by_person": True}, OWN, True),
        ({}, OWN, False),
        (STRANGER, OWN, False),
    ],
)
def test_a_truncated_report_gives_way_to_a_whole_one_that_holds_all_its_rows(
    whole: dict[str, Any], truncated: dict[str, Any], *, is_replaced: bool, hour: int
) -> None:
    pair = [contender(1, hour=hour, **truncated, is_truncated=True), contender(2, **whole, filename="better.xml")]
    assert decide(pair, contained={(1, 2)}) == {1: 2 if is_replaced else None, 2: None}


def test_a_truncated_report_stays_beside_a_whole_one_that_lacks_rows_of_it() -> None:
    assert decide([contender(1, is_truncated=True), contender(2, hour=1)]) == {1: None, 2: None}


def test_all_that_was_replaced_points_at_the_one_that_counts() -> None:
    three = [contender(1), contender(2, hour=1, **OWN), contender(3, hour=2, **OWN)]
    assert decide(three) == {1: 3, 2: 3, 3: None}


def test_three_different_reports_of_one_host_under_one_name_all_count() -> None:
    three = [contender(pk, hour=pk, **OWN, filename=f"brand-{pk}") for pk in (1, 2, 3)]
    assert decide(three) == {1: None, 2: None, 3: None}


CONTENDERS = st.lists(
    st.builds(
        lambda hour, sender, filename, is_truncated, by_person: (hour, sender, filename, is_truncated, by_person),
        st.integers(0, 3),
        st.sampled_from([{}, OWN, SERVICE, STRANGER]),
        st.sampled_from(["", FILE, "other"]),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
).map(
    lambda rows: [
        contender(pk, hour=hour, **sender, filename=filename, is_truncated=is_truncated, by_person=by_person)
        for pk, (hour, sender, filename, is_truncated, by_person) in enumerate(rows, start=1)
    ]
)


@settings(deadline=None, max_examples=150)
@given(CONTENDERS, st.data())
def test_whatever_the_order_the_end_is_the_same_and_something_counts(
    all_of: list[Contender], data: st.DataObject
) -> None:
    whole = [each.pk for each in all_of if not each.is_truncated]
    broken = [each.pk for each in all_of if each.is_truncated]
    pairs = [(one, other) for one in broken for other in whole]
    contained = set(data.draw(st.lists(st.sampled_from(pairs)))) if pairs else set()
    decided = decide(all_of, contained=contained)
    assert decide(data.draw(st.permutations(all_of)), contained=contained) == decided
    by_pk = {each.pk: each for each in all_of}
    assert None in decided.values()
    for old, new in decided.items():
        if new is None:
            continue
        assert decided[new] is None  # who replaces counts itself
        proven, replaced = by_pk[new].sender_domain, by_pk[old].sender_domain
        assert proven or not replaced or by_pk[new].by_person  # nothing proven gives way to a stranger's word
