"""How ingestion is doing: what arrived and how it ended, and which policy each filter node runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from reports.models import AggregateReport, FailureReport, Message, Node, TlsReport
from reports.selectors.report_list import aggregate_reports, failure_reports
from reports.selectors.tls import tls_reports
from reports.viewer import Viewer
from reports.vocabulary import Outcome

GRACE = timedelta(minutes=10)
REPORT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The last 24 hours in counts of messages."""

    arrived: int
    outcomes: dict[str, int]
    last_arrival: datetime | None

    @property
    def stored(self) -> int:
        """Messages that brought at least one new report."""
        return self.outcomes[Outcome.STORED] + self.outcomes[Outcome.PARTIAL]


def pipeline(viewer: Viewer, *, now: datetime) -> Pipeline:
    """Two queries, both on the index of arrivals. What waits stands with the stages (reports.selectors.stages)."""
    messages = Message.objects.filter(organisation_id=viewer.organisation_id)
    recent = messages.filter(received_at__gt=now - timedelta(days=1))
    outcomes = {outcome.value: Count("pk", filter=Q(outcome=outcome)) for outcome in Outcome}
    counts = recent.aggregate(arrived=Count("pk"), **outcomes)
    last = messages.order_by("-received_at").values_list("received_at", flat=True).first()
    return Pipeline(arrived=counts.pop("arrived"), outcomes=counts, last_arrival=last)


def node_health(node: Node, *, now: datetime) -> str:
    """ "ok", "late" (no contact), "failing" (it says so), "paused" (revoked) or "never"."""
    if node.revoked_at:
        return "paused"
    if node.last_contact_at is None:
        return "never"
    if node.last_contact_at + GRACE < now:
        return "late"
    return "failing" if node.error_code else "ok"


def ledger(viewer: Viewer) -> QuerySet[Message]:
    """Every message that came in, newest first. Who may see some domains only, sees the mail that brought their reports."""
    rows = Message.objects.filter(organisation_id=viewer.organisation_id).select_related("mailbox", "uploaded_by")
    if viewer.domain_ids is not None:
        of_message = {"message": OuterRef("pk"), "domain_id__in": viewer.domain_ids}
        rows = rows.filter(
            Exists(AggregateReport.objects.filter(**of_message))
            | Exists(FailureReport.objects.filter(**of_message))
            | Exists(TlsReport.objects.filter(**of_message))
        )
    return rows.order_by("-received_at", "-pk")


def reports_of(
    message: Message, *, viewer: Viewer
) -> tuple[list[AggregateReport], list[FailureReport], list[TlsReport]]:
    """The reports that this message was the first to bring. Three queries."""
    aggregates = aggregate_reports(viewer).filter(message=message).order_by("payload_index")
    failures = failure_reports(viewer).filter(message=message).order_by("payload_index")
    tls = tls_reports(viewer).filter(message=message).order_by("payload_index")
    return list(aggregates[:REPORT_LIMIT]), list(failures[:REPORT_LIMIT]), list(tls[:REPORT_LIMIT])


def nodes(viewer: Viewer) -> QuerySet[Node]:
    """The organisation's filter nodes, working ones first."""
    return Node.objects.filter(organisation_id=viewer.organisation_id).order_by("revoked_at", "name", "pk")
