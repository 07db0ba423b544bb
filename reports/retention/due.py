"""What is over its time, kind by kind, as queries: the dry run counts them, the run deletes what they find."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Length

from reports.models import (
    AggregateReport,
    AggregateRow,
    Domain,
    DomainDay,
    FailureReport,
    InboundEvent,
    Job,
    Message,
    PassCount,
    RawMessage,
    Sighting,
    SourceDay,
    TlsPolicy,
    TlsReport,
)
from reports.retention.terms import cutoffs_of
from reports.vocabulary import Outcome

WITHOUT_REPORT = [Outcome.REFUSED.value, Outcome.NOT_A_REPORT.value]
ERASED_BYTES = 35
"""The length of an empty list of recipients when it is sealed."""


def due(organisation_id: int, *, at: datetime) -> Mapping[str, QuerySet[Any]]:
    """What goes, in the order in which it goes. Nothing that belongs to a domain on hold is among it."""
    cut = cutoffs_of(organisation_id, at=at)

    free_domains = Domain.objects.filter(organisation_id=organisation_id, held_at__isnull=True)

    def free(model: type[Model], before: date) -> QuerySet[Any]:
        rows: QuerySet[Any] = model._default_manager.filter(organisation_id=organisation_id)
        return rows.filter(day__lt=before, domain__in=free_domains.values("pk"))

    with_person = Q(size__gt=ERASED_BYTES) | ~Q(helo="", ptr="", queue_id="")
    return {
        "failures": free(FailureReport, cut.failures),
        "events": free(InboundEvent, cut.events).alias(size=Length("recipients")).filter(with_person),
        "rows": free(AggregateRow, cut.reports),
        "reports": free(AggregateReport, cut.reports),
        "tls": free(TlsReport, cut.reports).exclude(pk__in=_held_tls().values("report")),
        "judged": free(InboundEvent, cut.reports),
        "passes": free(PassCount, cut.reports),
        "raw": _raw(organisation_id, before=cut.raw, refused_before=cut.refused_raw),
        "ledger": _ledger(organisation_id, before=cut.ledger),
        "jobs": Job.objects.filter(organisation_id=organisation_id, finished_at__lt=cut.ledger),
        "source_sums": free(SourceDay, cut.sums),
        "domain_sums": free(DomainDay, cut.sums),
    }


def _held_tls() -> QuerySet[TlsPolicy]:
    """Policies of domains on hold: one report tells of several domains."""
    return TlsPolicy.objects.filter(domain__held_at__isnull=False)


def held_messages(messages: OuterRef) -> Q:
    """Whether a message, given by its id, holds something of a domain on hold."""
    held = {"domain__held_at__isnull": False}
    return Q(
        Exists(AggregateReport.objects.filter(message=messages, **held))
        | Exists(FailureReport.objects.filter(message=messages, **held))
        | Exists(TlsReport.objects.filter(Q(**held) | Q(pk__in=_held_tls().values("report")), message=messages))
        | Exists(
            Sighting.objects.filter(message=messages).filter(
                Q(aggregate__domain__held_at__isnull=False)
                | Q(failure__domain__held_at__isnull=False)
                | Q(tls__domain__held_at__isnull=False)
                | Q(tls__in=_held_tls().values("report"))
            )
        )
    )


def _raw(organisation_id: int, *, before: datetime, refused_before: datetime) -> QuerySet[RawMessage]:
    """Bytes that no message needs any more: several messages may share them."""
    needed = Message.objects.filter(raw=OuterRef("pk")).filter(
        Q(outcome__isnull=True)
        | Q(received_at__gte=refused_before, outcome__in=WITHOUT_REPORT)
        | (Q(received_at__gte=before) & ~Q(outcome__in=WITHOUT_REPORT))
        | held_messages(OuterRef("pk"))
    )
    old = RawMessage.objects.filter(organisation_id=organisation_id, stored_at__lt=max(before, refused_before))
    return old.filter(~Exists(needed))


def _ledger(organisation_id: int, *, before: datetime) -> QuerySet[Message]:
    """Messages whose reports are gone. Those of a mailbox stay: without its row, a mail still there would come in again."""
    here = OuterRef("pk")
    return Message.objects.filter(
        ~Exists(AggregateReport.objects.filter(Q(message=here) | Q(proven_by=here))),
        ~Exists(FailureReport.objects.filter(message=here)),
        ~Exists(TlsReport.objects.filter(message=here)),
        ~Exists(Sighting.objects.filter(message=here)),
        organisation_id=organisation_id,
        received_at__lt=before,
        outcome__isnull=False,
        mailbox__isnull=True,
    )
