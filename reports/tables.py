"""The tables of the reports side: which columns, in which order. Cells are templates; nothing here reads the database."""

from __future__ import annotations

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

NUMBER = {"td": {"class": "num"}, "th": {"class": "num"}}
KEY_NUMBER = {"td": {"class": "num key-cell"}, "th": {"class": "num"}}
KEY = {"td": {"class": "key-cell"}}


def cell(name: str, **options: Any) -> tables.TemplateColumn:
    """A column whose cells are the template reports/cells/<name>.html; drawn for empty values too."""
    return tables.TemplateColumn(template_name=f"reports/cells/{name}.html", empty_values=(), **options)


class SourceTable(tables.Table):  # type: ignore[misc]  # django-tables2 ships no types
    """One row per source. Each record also carries "sketch" (reports.selectors.failing_sources.Sketch)."""

    caption = _("Sources")

    address = cell("source", verbose_name=_("Source"), attrs=KEY, order_by=("address", "source_id"))
    from_domains = cell("from_domains", verbose_name=_("From domains"), orderable=False)
    failing = cell("failing", verbose_name=_("Failing messages"), attrs=KEY_NUMBER, order_by=("failing", "source_id"))
    auth_split = cell("auth_split", verbose_name=_("Authentication"), orderable=False)
    trend = cell("trend", verbose_name=_("Failing per UTC day"), orderable=False)
    last_day = cell("seen", verbose_name=_("First and last seen"), order_by=("last_day", "source_id"))
    seen_by = cell("seen_by", verbose_name=_("Seen by"), orderable=False)
    decision = cell("decision", verbose_name=_("Decision"), orderable=False, attrs=KEY)

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"id": "sources", "class": "cards-sm"}
        order_by = ("-failing",)
        empty_text = _("No source matches.")
