"""The table of rules: which columns, in which order. Cells are templates; nothing here reads the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import django_tables2 as tables
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from exceptions.models import RuleVersion
from reports.selectors.rule_hits import Hits


def cell(name: str, **options: Any) -> tables.TemplateColumn:
    """A column whose cells are the template exceptions/cells/<name>.html; drawn for empty values too."""
    return tables.TemplateColumn(template_name=f"exceptions/cells/{name}.html", empty_values=(), **options)


class RuleTable(tables.Table):  # type: ignore[misc]  # django-tables2 ships no types
    """One row per rule at its current version. `hits` and `nodes` of the page's rules are set before it is drawn."""

    caption = _("Exception rules")
    hits: Mapping[str, Hits] = {}
    nodes: Mapping[int, int] = {}
    nodes_total = 0

    rule = cell("rule", verbose_name=_("Rule"), order_by=("rule_id",))
    words = cell("words", verbose_name=_("In words"), orderable=False, attrs={"td": {"class": "key-cell"}})
    # Its accessor keeps the column from fetching the person behind each name.
    owner = cell("owner", verbose_name=_("Owner"), accessor="owner_name", order_by=("owner_name", "rule_id"))
    hit = tables.Column(
        verbose_name=_("Hits, 30 days"),
        accessor="rule",
        orderable=False,
        attrs={"td": {"class": "num"}, "th": {"class": "num"}},
    )
    expires = cell("expires", verbose_name=_("Ends"), order_by=("expires_at", "rule_id"))
    run_by = tables.Column(verbose_name=_("Nodes"), accessor="rule", orderable=False)

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"id": "rules", "class": "cards-sm"}
        empty_text = _("No rule matches.")

    def render_hit(self, record: RuleVersion) -> str:
        return render_to_string("exceptions/cells/hits.html", {"hits": self.hits.get(record.rule.reference)})

    def render_run_by(self, record: RuleVersion) -> str:
        context = {"running": self.nodes.get(record.rule_id), "total": self.nodes_total}
        return render_to_string("exceptions/cells/nodes.html", context)
