"""The rows of any table, drawn without asking anew in each cell what holds for its whole column."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import RequestContext
from django.template.base import render_value_in_context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag(takes_context=True)
def table_rows(context: RequestContext, table: Any) -> SafeString:  # noqa: ANN401 - django-tables2 ships no types
    """The rows of the table's page. The attributes of a cell are those of its column, whatever the record."""
    columns = list(table.columns)
    starts = [_start(column) for column in columns]
    drawn = []
    for row in table.paginated_rows:
        drawn.append(f"<tr {row.attrs.as_html()}>")
        for column, start in zip(columns, starts, strict=True):
            drawn += start, render_value_in_context(_cell(row, column), context), "</td>"
        drawn.append("</tr>\n")
    return mark_safe("".join(drawn))  # noqa: S308 - escaped, part by part


def _start(column: Any) -> SafeString:  # noqa: ANN401
    return format_html('<td {} data-label="{}">', column.attrs["td"].as_html(), column.header)


def _cell(row: Any, column: Any) -> Any:  # noqa: ANN401
    """A column that draws records needs none of what django-tables2 finds out about values."""
    draw = getattr(column.column, "draw", None)
    return draw(row.record, table=row.table) if draw else row.get_cell(column.name)
