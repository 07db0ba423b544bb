"""Words, numbers and times as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from dmarcsite.templatetags import drawing, sekimori


def render(source: str, **context: object) -> str:
    return Template("{% load sekimori drawing %}" + source).render(Context(context))


def test_a_hostile_value_in_a_badge_is_escaped() -> None:
    assert "&lt;script&gt;" in render("{% badge 'verdict' value %}", value="<script>")
    assert "<script>" not in render("{% badge 'verdict' value value %}", value="<script>")


def test_an_unknown_family_of_badges_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        render("{% badge 'colour' 'red' %}")


def test_a_badge_has_word_icon_and_tone() -> None:
    shown = render("{% badge 'verdict' 'suspicious' %}")
    assert "tone-failing" in shown
    assert "sprite.svg#x-octagon" in shown
    assert "Suspicious" in shown


def test_no_value_gives_a_dash() -> None:
    assert render("{% badge 'verdict' value %}", value=None) == "–"
    assert sekimori.number(None) == "–"
    assert sekimori.ago(None) == "–"
    assert sekimori.ago(None, "never") == "never"
    assert sekimori.day(None) == "–"


@pytest.mark.parametrize(("value", "words"), [(0, "0"), (999, "999"), (41_207, "41,207")])
def test_counts_are_grouped(value: int, words: str) -> None:
    assert sekimori.number(value) == words


@pytest.mark.parametrize(
    ("value", "english", "japanese"),
    [
        (999_999, "999,999", "999,999"),
        (1_920_000, "1.92 M", "192万"),
        (19_240_000, "19.2 M", "1,924万"),
        (250_000_000, "250 M", "2.50億"),
    ],
)
def test_large_counts_are_short_in_the_units_of_the_language(value: int, english: str, japanese: str) -> None:
    with translation.override("en"):
        assert sekimori.compact(value) == english
    with translation.override("ja"):
        assert sekimori.compact(value) == japanese


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(0, 0, "–"), (None, 5, "–"), (0, 5, "0.0\u202f%"), (985, 1000, "98.5\u202f%"), (5, 5, "100.0\u202f%")],
)
def test_per_cent_of_nothing_is_a_dash(part: int | None, whole: int, words: str) -> None:
    assert sekimori.percent(part, whole) == words


def test_nearly_all_is_never_shown_as_all() -> None:
    assert sekimori.percent(99_999, 100_000) == "99.9\u202f%"


def test_a_moment_is_told_in_one_unit_with_the_exact_time_beside_it() -> None:
    past = timezone.now() - timedelta(days=3, hours=2)
    assert ">3\xa0days ago</time>" in sekimori.ago(past)
    assert f"{past:%H:%M} UTC" in sekimori.ago(past)
    assert ">in 1\xa0hour</time>" in sekimori.ago(timezone.now() + timedelta(hours=1, minutes=30))
    assert ">just now</time>" in sekimori.ago(timezone.now())


def test_a_moment_always_names_its_zone() -> None:
    moment = datetime(2026, 11, 3, 9, 10, tzinfo=UTC)
    assert sekimori.stamp(moment) == '<time datetime="2026-11-03T09:10:00+00:00">3 Nov 2026 09:10 UTC</time>'
    assert sekimori.day(date(2026, 11, 3)) == '<time datetime="2026-11-03">3 Nov 2026</time>'


def test_bars_share_one_scale_and_little_is_not_nothing() -> None:
    shown = drawing.sparkline([0, 1, 100], "100 messages", totals=[0, 200, 200])
    assert shown["bars"] == "M4 22h3v2h-3zM8 12h3v12h-3z"
    assert shown["behind"] == "M4 0h3v24h-3zM8 0h3v24h-3z"
    assert shown["width"] == 12


def test_a_sparkline_says_in_words_what_it_shows_and_escapes_it() -> None:
    shown = render("{% sparkline values label %}", values=[1], label='"<b>')
    assert 'role="img" aria-label="&quot;&lt;b&gt;"' in shown


def test_a_share_bar_of_nothing_draws_nothing() -> None:
    parts = [{"tone": "aligned", "value": 0, "label": "delivered"}]
    assert drawing.share_bar(parts, "no mail")["parts"] == []


def test_a_share_bar_fills_the_whole_width() -> None:
    parts = [{"tone": "aligned", "value": 3, "label": "a"}, {"tone": "failing", "value": 1, "label": "b"}]
    drawn = drawing.share_bar(parts, "mail")["parts"]
    assert drawn == [
        {"tone": "aligned", "x": "0.000", "width": "75.000"},
        {"tone": "failing", "x": "75.000", "width": "25.000"},
    ]


def test_the_table_beside_a_chart_has_the_same_numbers() -> None:
    chart = {"labels": ["a", "b"], "series": [{"values": [1, 2]}, {"values": [3, 4]}]}
    assert drawing.chart_rows(chart) == [{"label": "a", "cells": [1, 3]}, {"label": "b", "cells": [2, 4]}]


def test_a_chart_whose_series_lack_a_value_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="shorter"):
        drawing.chart_rows({"labels": ["a", "b"], "series": [{"values": [1]}]})


def test_the_data_of_a_chart_cannot_break_out_of_its_block() -> None:
    assert "</script><script>" not in drawing.chart_data({"id": "c", "finding": "</script><script>"})
