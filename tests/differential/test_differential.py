"""Both readers over the same files: every difference is in the list, and every entry of the list is needed."""

from __future__ import annotations

import pytest

from tests.differential.compare import Difference
from tests.differential.entry import Entry, explain
from tests.differential.explained import ENTRIES
from tests.differential.page import PLACE, page
from tests.differential.readers import read_both
from tests.differential.run import Tally, compare_all
from tests.reports.samples import XML


@pytest.fixture(scope="module")
def tally() -> Tally:
    return compare_all(generated=400, spoilt=1500, seed=1)


def test_a_difference_that_no_entry_knows_is_not_explained() -> None:
    both = read_both(XML)
    assert explain(Difference("row.count", 2, 3), both, ENTRIES) == []


def test_values_are_made_one_by_no_more_entries_than_it_takes() -> None:
    lower = Entry("lower", ("head.p",), "", "", fold=lambda text: text.lower())
    strip = Entry("strip", ("head.p",), "", "", fold=lambda text: text.strip())
    both = read_both(XML)
    assert explain(Difference("head.p", "none", "None"), both, [strip, lower]) == ["lower"]
    assert explain(Difference("head.p", "none", " None"), both, [strip, lower]) == ["strip", "lower"]
    assert explain(Difference("head.p", "none", "reject"), both, [strip, lower]) == []


def test_every_difference_from_parsedmarc_is_in_the_list(tally: Tally) -> None:
    assert tally.unexplained == []


def test_every_entry_of_the_list_explains_something(tally: Tally) -> None:
    assert tally.stale == []


def test_the_readers_differ_less_than_they_agree_on_plain_files() -> None:
    both = read_both(XML)
    assert both.theirs is not None
    assert [report.rows for report in both.ours] == [both.theirs.rows]


def test_ids_are_used_once() -> None:
    assert len({entry.id for entry in ENTRIES}) == len(ENTRIES)


def test_the_page_is_made_of_the_list() -> None:
    assert PLACE.read_text(encoding="utf-8") == page()
