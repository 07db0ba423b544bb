"""The tables of the reports side: which columns, in which order. Cells are templates; nothing here reads the database."""

from __future__ import annotations

from typing import Any, ClassVar

import django_tables2 as tables
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template import Context, Template
from django.template.loader import get_template
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_tables2 import RequestConfig

MOST_COUNTED = 10_000
NUMBER = {"td": {"class": "num"}, "th": {"class": "num"}}
WIDE = {"td": {"class": "wide"}, "th": {"class": "wide"}}
KEY = {"td": {"class": "key-cell"}}


class CellColumn(tables.TemplateColumn):  # type: ignore[misc]  # django-tables2 ships no types
    """A column of templates that see what the page sees, and `record`.

    django-tables2 gives each cell the request, so that the page's context processors would run for each of hundreds of cells
    anew; here a cell is drawn like an included part of the page.
    """

    def render(self, **cell: Any) -> str:
        return self.draw(cell["record"], table=cell["table"])

    def draw(self, record: object, *, table: tables.Table) -> str:
        page: Context = getattr(table, "context", None) or Context()
        with page.push(record=record):
            return self._template.render(page)

    @cached_property
    def _template(self) -> Template:
        return get_template(self.template_name).template  # type: ignore[attr-defined, no-any-return]


def cell(name: str, **options: Any) -> CellColumn:
    """A column whose cells are the template reports/cells/<name>.html; drawn for empty values too."""
    return CellColumn(template_name=f"reports/cells/{name}.html", empty_values=(), **options)


class SourceTable(tables.Table):  # type: ignore[misc]
    """One row per source. Each record also carries "sketch" (reports.selectors.failing_sources.Sketch)."""

    caption = _("Sources")

    address = cell("source", verbose_name=_("Source"), attrs=KEY, order_by=("address", "source_id"))
    from_domains = cell("from_domains", verbose_name=_("From domains"), orderable=False)
    failing = cell("failing", verbose_name=_("Failing"), attrs=NUMBER, order_by=("failing", "source_id"))
    auth_split = cell("auth_split", verbose_name=_("Authentication"), orderable=False, attrs=WIDE)
    trend = cell("trend", verbose_name=_("Per UTC day"), orderable=False, attrs=WIDE)
    last_day = cell("seen", verbose_name=_("Seen"), order_by=("last_day", "source_id"))
    decision = cell("decision", verbose_name=_("Decision"), orderable=False)

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"id": "sources", "class": "cards-sm"}
        order_by = ("-failing",)
        empty_text = _("No source matches.")


class ServiceTable(tables.Table):  # type: ignore[misc]
    """One row per service (reports.selectors.service_groups)."""

    caption = _("Services")

    service = cell("service", verbose_name=_("Service"), attrs=KEY, order_by=("service",))
    addresses = cell("service_addresses", verbose_name=_("Addresses"), attrs=NUMBER, order_by=("addresses", "service"))
    from_domains = cell("from_domains", verbose_name=_("From domains"), orderable=False)
    failing = cell("failing", verbose_name=_("Failing"), attrs=NUMBER, order_by=("failing", "service"))
    auth_split = cell("auth_split", verbose_name=_("Authentication"), orderable=False, attrs=WIDE)
    last_day = cell("service_seen", verbose_name=_("Seen"), order_by=("last_day", "service"))

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"id": "sources", "class": "cards-sm"}
        order_by = ("-failing",)
        empty_text = _("No service matches.")


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts MOST_COUNTED rows of a query and no further: whoever wants others filters or sorts.

    `along` is a column of time whose index holds the newest rows together: in no order, PostgreSQL might look for those of a
    period among all others. "" where the rows are few.
    """

    def __init__(self, rows: Any, per_page: int, *, along: str) -> None:  # noqa: ANN401 - rows of any kind
        super().__init__(rows, per_page)
        self.along = along

    @cached_property
    def count(self) -> int:
        # The table's rows, their container, and what was given to the table.
        rows = self.object_list.data.data  # type: ignore[attr-defined]
        rows = getattr(rows, "whole", rows)  # reports.selectors.report_list.ReportList
        if not isinstance(rows, QuerySet):
            return len(self.object_list)
        ordered = rows.order_by(f"-{self.along}").values(self.along) if self.along else rows.order_by()
        return ordered[:MOST_COUNTED].count()

    @property
    def is_bounded(self) -> bool:
        """Whether there are, or may be, more rows than are counted."""
        return self.count == MOST_COUNTED


def paged(table: tables.Table, request: HttpRequest, *, per_page: int) -> tables.Table:
    """Sort and page the table as the address bar asks; nonsense there means the first or the last page, never a failure.

    The number of rows is ours alone: django-tables2 would take it, zero included, from the address bar too.
    """
    RequestConfig(request, paginate=False).configure(table)
    # Not by `paginate`, which would ask for the first page beforehand.
    table.paginator = BoundedPaginator(table.rows, per_page, along=getattr(table, "along", ""))
    table.page = table.paginator.get_page(request.GET.get(table.prefixed_page_field))
    return table


class ReportTable(tables.Table):  # type: ignore[misc]
    """Aggregate reports (reports.selectors.report_list.aggregate_reports)."""

    caption = _("Aggregate reports")
    along = "begin"

    reporter = cell("report", verbose_name=_("Reporter"), attrs=KEY, order_by=("org_name", "pk"))
    domain = cell("report_domain", verbose_name=_("Domain"), order_by=("domain__name", "pk"))
    period = cell("report_period", verbose_name=_("Period (UTC)"), order_by=("begin", "pk"))
    messages = cell("report_messages", verbose_name=_("Messages"), attrs=NUMBER, order_by=("messages", "pk"))
    failing = cell("report_failing", verbose_name=_("Failing"), attrs=NUMBER, order_by=("failing", "pk"))
    policy = cell("report_policy", verbose_name=_("Policy seen"), orderable=False)
    received = cell("report_received", verbose_name=_("Received and state"), order_by=("stored_at", "pk"), attrs=KEY)

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"id": "reports", "class": "cards-sm"}
        order_by = ("-period",)
        empty_text = _("No report matches.")


class RowTable(tables.Table):  # type: ignore[misc]
    """The records of one aggregate report, failing ones first unless sorted otherwise."""

    caption = _("Records, failing ones first")

    address = cell("row_source", verbose_name=_("Source"), attrs=KEY, order_by=("source_ip", "position"))
    count = cell("row_count", verbose_name=_("Messages"), attrs=NUMBER, order_by=("count", "position"))
    disposition = cell("row_disposition", verbose_name=_("Receiver's act"), orderable=False)
    dmarc = cell("row_dmarc", verbose_name=_("DMARC (aligned)"), orderable=False)
    dkim = cell("row_dkim", verbose_name=_("DKIM itself"), orderable=False)
    spf = cell("row_spf", verbose_name=_("SPF itself"), orderable=False)
    identities = cell("row_identities", verbose_name=_("From and envelope"), orderable=False)

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"id": "records", "class": "cards-sm dense"}
        empty_text = _("No record matches.")


class FailureTable(tables.Table):  # type: ignore[misc]
    """Failure reports; each record also carries "people" (masked in the cells) and "opinion"."""

    caption = _("Failure reports, masked")
    along = "arrived_at"

    arrived = cell("failure", verbose_name=_("Arrived"), attrs=KEY, order_by=("arrived_at", "pk"))
    header_from = cell("failure_from", verbose_name=_("From domain"), order_by=("header_from", "pk"))
    source = cell("failure_source", verbose_name=_("Source"), order_by=("source_ip", "pk"))
    subject = cell("failure_subject", verbose_name=_("Subject and recipient"), orderable=False, attrs=KEY)
    failed = cell("failure_failed", verbose_name=_("Receiver said"), orderable=False)
    delivery = cell("failure_delivery", verbose_name=_("Delivery"), order_by=("delivery_result", "pk"))
    incidents = cell("failure_incidents", verbose_name=_("Messages"), attrs=NUMBER, order_by=("incidents", "pk"))

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"id": "failures", "class": "cards-sm"}
        order_by = ("-arrived",)
        empty_text = _("No failure report matches.")


class TlsReportTable(tables.Table):  # type: ignore[misc]
    """TLS reports (reports.selectors.tls.tls_reports)."""

    caption = _("TLS reports")
    along = "begin"

    reporter = cell("tls_report", verbose_name=_("Reporter"), attrs=KEY, order_by=("org_name", "pk"))
    domain = cell("tls_domain", verbose_name=_("Domain"), order_by=("domain__name", "pk"))
    period = cell("report_period", verbose_name=_("Period (UTC)"), order_by=("begin", "pk"))
    good = cell(
        "tls_good",
        verbose_name=_("Successful sessions"),
        attrs=NUMBER,
        order_by=("total_successful_session_count", "pk"),
    )
    bad = cell(
        "tls_bad", verbose_name=_("Failed sessions"), attrs=NUMBER, order_by=("total_failure_session_count", "pk")
    )
    received = cell("tls_state", verbose_name=_("Received and state"), order_by=("stored_at", "pk"), attrs=KEY)

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"id": "tls-reports", "class": "cards-sm"}
        order_by = ("-period",)
        empty_text = _("No report matches.")


class MessageTable(tables.Table):  # type: ignore[misc]
    """The ledger (reports.selectors.ingest_health.ledger)."""

    caption = _("What came in")
    along = "received_at"

    received = cell("message", verbose_name=_("Received"), attrs=KEY, order_by=("received_at", "pk"))
    sender = cell("message_sender", verbose_name=_("From"), orderable=False)
    outcome = cell("message_outcome", verbose_name=_("Outcome"), order_by=("outcome", "pk"))
    reason = cell("message_reason", verbose_name=_("Why, and what to do"), orderable=False, attrs=KEY)

    class Meta:
        attrs: ClassVar[dict[str, str]] = {"id": "ledger", "class": "cards-sm"}
        order_by = ("-received",)
        empty_text = _("Nothing that came in matches.")
