"""The one table template: named, sorted and paged in the URL, and readable without JavaScript."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
import pytest
from django.template import Context, Template
from django.test import RequestFactory
from lxml import html


class Numbers(tables.Table):  # type: ignore[misc]  # django-tables2 has no types
    caption = "Sources by failing messages"
    empty = {"title": "No sources", "normal": "Nothing fails.", "next_url": "/ingestion/", "next_label": "Ingestion"}
    name = tables.Column()
    failing = tables.Column()
    note = tables.Column(orderable=False)

    class Meta:
        attrs = {"id": "numbers"}


def shown(rf: RequestFactory, *, count: int, query: dict[str, str]) -> Any:
    request = rf.get("/sources/", query)
    rows = [{"name": f"<b>{place}</b>", "failing": place, "note": "n"} for place in range(count)]
    table = Numbers(rows)
    tables.RequestConfig(request, paginate={"per_page": 2}).configure(table)
    source = Template("{% load django_tables2 %}{% render_table table 'django_tables2/sekimori.html' %}")
    return html.fragment_fromstring(source.render(Context({"table": table, "request": request})))


def test_cells_are_escaped(rf: RequestFactory) -> None:
    assert shown(rf, count=1, query={}).xpath("//td//b") == []


def test_the_table_is_named_and_scrolls_in_a_named_region(rf: RequestFactory) -> None:
    page = shown(rf, count=1, query={})
    (caption,) = page.xpath("//caption")
    (region,) = page.xpath("//*[@role='region']")
    assert caption.text == "Sources by failing messages"
    assert region.get("aria-labelledby") == caption.get("id") == "numbers-caption"
    assert region.get("tabindex") == "0"


def test_only_the_sorted_column_says_so(rf: RequestFactory) -> None:
    page = shown(rf, count=3, query={"sort": "-failing"})
    assert [head.get("aria-sort") for head in page.xpath("//th")] == [None, "descending", None]


def test_sorting_keeps_the_filters_and_begins_at_the_first_page(rf: RequestFactory) -> None:
    page = shown(rf, count=5, query={"sort": "failing", "page": "2", "lens": "here"})
    (link,) = page.xpath("//th[2]//a")
    assert link.get("href") == link.get("hx-get") == "?sort=-failing&lens=here"
    assert link.get("hx-target") == "#numbers-box"
    assert link.get("hx-push-url") == "true"
    assert link.text_content() == "Failingsort descending"


def test_a_column_that_cannot_be_sorted_has_no_link(rf: RequestFactory) -> None:
    assert shown(rf, count=1, query={}).xpath("//th[3]//a") == []


def test_the_current_page_is_marked_and_the_count_is_told(rf: RequestFactory) -> None:
    page = shown(rf, count=5, query={"page": "2", "lens": "here"})
    (current,) = page.xpath("//nav//a[@aria-current='page']")
    assert current.text_content() == "2"
    assert page.xpath("//*[@data-announce]")[0].text_content() == "3 to 4 of 5"
    assert page.xpath("//nav//a[@rel='next']")[0].get("href") == "?page=3&lens=here"


def test_a_single_page_has_no_pager(rf: RequestFactory) -> None:
    assert shown(rf, count=2, query={}).xpath("//nav") == []


def test_an_empty_table_says_what_is_normal_and_what_to_do(rf: RequestFactory) -> None:
    page = shown(rf, count=0, query={})
    assert page.xpath("//table") == []
    assert [p.text_content() for p in page.xpath("//p")] == ["No sources", "Nothing fails.", "Ingestion"]


@pytest.mark.parametrize("query", [{"sort": "nothing"}, {"page": "x"}, {"page": "999"}, {"sort": "-"}])
def test_a_malformed_query_still_gives_a_table(rf: RequestFactory, query: dict[str, str]) -> None:
    assert len(shown(rf, count=3, query=query).xpath("//table")) == 1
