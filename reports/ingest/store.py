"""The only writer of report tables: files reports under domains and days, stores them, and renews the sums they touch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from reports.dto import AggregateReport, FailureReport
from reports.ingest.aggregates import store_aggregates
from reports.ingest.failures import FiledFailure, store_failures
from reports.ingest.filed import FiledAggregate
from reports.ingest.outcome import Kept, Reading, Report
from reports.models import Domain, Organisation
from reports.rollups.buckets import Bucket, lock_buckets
from reports.rollups.build import rebuild
from reports.vocabulary import DomainKind

NAME_LENGTH = 253
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_OTHERS = "*"


def store(readings: Sequence[tuple[int, Reading]], *, organisation: Organisation, at: datetime) -> list[list[Kept]]:
    """Store the reports of messages (id, reading) and renew the sums of every bucket that got rows.

    To be called within a transaction, which holds the buckets until its end; the answers are in the order of the
    reports. A dozen statements, however many messages. Nothing is counted twice (`Report.key`).
    """
    domains = _domains((_domain_of(report) for _, reading in readings for report in reading.reports), organisation)
    aggregates: list[FiledAggregate] = []
    failures: list[FiledFailure] = []
    for message_id, reading in readings:
        for report in reading.reports:
            domain_id, day, content = domains[_domain_of(report)], _day_of(report, at=at), report.content
            if isinstance(content, AggregateReport):
                aggregates.append(FiledAggregate(message_id, report.index, domain_id, day, report.key, content))
            else:
                failures.append(FiledFailure(message_id, report.index, domain_id, day, report.identity, content))
    places = [(each.domain_id, each.day) for each in aggregates] + [(each.domain_id, each.day) for each in failures]
    lock_buckets(Bucket(organisation.pk, domain_id, day) for domain_id, day in places)
    kept_aggregates = store_aggregates(aggregates, organisation=organisation, own_domains=_own(organisation), at=at)
    kept_failures = store_failures(failures, organisation=organisation, at=at)
    rebuild(
        Bucket(organisation.pk, each.domain_id, each.day)
        for each, kept in zip(aggregates, kept_aggregates, strict=True)
        if kept.is_new and each.content.rows
    )
    return _in_order(readings, iter(kept_aggregates), iter(kept_failures))


def _in_order(
    readings: Sequence[tuple[int, Reading]], aggregates: Iterable[Kept], failures: Iterable[Kept]
) -> list[list[Kept]]:
    kept = {AggregateReport: iter(aggregates), FailureReport: iter(failures)}
    return [[next(kept[type(report.content)]) for report in reading.reports] for _, reading in readings]


def _domains(names: Iterable[str], organisation: Organisation) -> dict[str, int]:
    """The rows of these domains; one that nobody named before is taken for an own one, since reports of it come here.

    Anybody can send a report, so this gives a place among the pages and no more: filters take a domain for our own when
    a person has decided about it. What is no domain, or a whole top-level one, has its place among all others.
    """
    wanted = set(names)
    proper = {name for name in wanted if _DOMAIN.fullmatch(name)}
    found = Domain.objects.filter(organisation=organisation, name__in={*wanted, _OTHERS})
    known = dict(found.values_list("name", "pk"))
    if missing := sorted(proper - known.keys()):
        Domain.objects.bulk_create(
            [Domain(organisation=organisation, name=name, kind=DomainKind.OWN) for name in missing],
            ignore_conflicts=True,
        )
        known = dict(found.values_list("name", "pk"))
    return {name: known.get(name, known[_OTHERS]) for name in wanted}


def _own(organisation: Organisation) -> list[str]:
    return list(Domain.objects.filter(organisation=organisation, kind=DomainKind.OWN).values_list("name", flat=True))


def _domain_of(report: Report) -> str:
    content = report.content
    name = content.head.policy.domain if isinstance(content, AggregateReport) else content.reported_domain
    return name[:NAME_LENGTH].lower()


def _day_of(report: Report, *, at: datetime) -> date:
    """The UTC day of the middle of the period: reporters in other zones shift it by hours, not by half a day."""
    content = report.content
    if isinstance(content, AggregateReport):
        return datetime.fromtimestamp((content.head.begin + content.head.end) // 2, UTC).date()
    return (at if content.arrived is None else datetime.fromtimestamp(content.arrived, UTC)).date()
