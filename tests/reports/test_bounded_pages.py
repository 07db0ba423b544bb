"""Long lists are counted so far and no further; what a page shows and the way to others stay the same."""

from __future__ import annotations

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from reports import tables
from reports.models import Domain, Organisation
from reports.tables import MessageTable, paged
from reports.vocabulary import DomainKind

pytestmark = pytest.mark.django_db


@pytest.fixture
def _three_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_COUNTED", 3)


class Domains(MessageTable):
    """Any table with a column of time."""

    along = "created_at"


def page_of(rows: int, *, page: str = "1", kind: type[MessageTable] = Domains) -> tuple[int, bool, int]:
    organisation = Organisation.objects.create(name="Example", slug="example")
    names = [Domain(organisation=organisation, name=f"d{n}.example", kind=DomainKind.OWN) for n in range(rows)]
    Domain.objects.bulk_create(names)
    request = RequestFactory().get("/", {"page": page})
    table = paged(kind(Domain.objects.order_by("pk"), order_by=()), request, per_page=2)
    return table.paginator.count, table.paginator.is_bounded, table.page.number


@pytest.mark.usefixtures("_three_are_counted")
def test_more_rows_than_are_counted_are_told_as_more() -> None:
    assert page_of(7, page="9") == (3, True, 2)


@pytest.mark.usefixtures("_three_are_counted")
def test_fewer_are_counted_exactly() -> None:
    assert page_of(2) == (2, False, 1)


@pytest.mark.usefixtures("_three_are_counted")
def test_rows_without_a_column_of_time_are_counted_in_no_order() -> None:
    class Few(Domains):
        along = ""

    assert page_of(7, kind=Few) == (3, True, 1)


@pytest.mark.usefixtures("_three_are_counted")
def test_the_newest_are_counted_along_their_time() -> None:
    with CaptureQueriesContext(connection) as asked:
        page_of(7)
    (count,) = [query["sql"] for query in asked if "COUNT" in query["sql"]]
    assert 'SELECT "reports_domain"."created_at" AS "created_at" FROM "reports_domain" ORDER BY 1 DESC LIMIT 3' in count


def test_what_is_no_query_counts_itself() -> None:
    table = paged(MessageTable([{"pk": 1}, {"pk": 2}, {"pk": 3}]), RequestFactory().get("/"), per_page=2)
    assert (table.paginator.count, table.paginator.is_bounded, table.paginator.num_pages) == (3, False, 2)


def test_the_pager_says_that_there_are_more() -> None:
    class Page:
        start_index, end_index, has_previous, has_next = 1, 2, False, False

    class Table:
        page = Page()
        paginator = type("Paginator", (), {"count": 10_000, "is_bounded": True, "num_pages": 1})()

    assert "1 to 2 of more than 10,000" in render_to_string(
        "django_tables2/_pager.html", {"table": Table(), "name": "t"}
    )
