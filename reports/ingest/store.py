"""The only writer of report tables: files reports under domains and days, stores them, and renews the sums they touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from types import MappingProxyType

from reports.dto import AggregateReport, FailureReport, Repair, TlsReport
from reports.ingest.aggregates import store_aggregates
from reports.ingest.domains import own_names, places_of
from reports.ingest.failures import store_failures
from reports.ingest.filed import Before, FiledAggregate, FiledFailure, Place
from reports.ingest.outcome import Kept, Reading, Report
from reports.ingest.tls import FiledTls, confirmed_names, policy_names, store_tls
from reports.models import Organisation
from reports.rollups.buckets import Bucket, lock_buckets
from reports.rollups.build import rebuild
from reports.rollups.grow import Grown, add_reports
from reports.vocabulary import RepairCode

NAME_LENGTH = 253
NO_DAY = date.min
"""Held too by whoever files a failure report that names no time: the same one again may come on another day."""


@dataclass(frozen=True, slots=True)
class Filed:
    """The reports of messages with their places, in the order in which they were read."""

    organisation: Organisation
    readings: Sequence[tuple[int, Reading]]
    aggregates: Sequence[FiledAggregate]
    failures: Sequence[FiledFailure]
    tls: Sequence[FiledTls]

    @property
    def buckets(self) -> set[Bucket]:
        """What whoever keeps them must hold."""
        places = {(each.domain_id, each.day) for each in self.aggregates}
        places |= {(each.domain_id, each.day) for each in self.failures}
        places |= {(each.domain_id, each.day) for each in self.tls}
        places |= {(each.domain_id, NO_DAY) for each in self.failures if each.content.arrived is None}
        return {Bucket(self.organisation.pk, domain_id, day) for domain_id, day in places}


def store(readings: Sequence[tuple[int, Reading]], *, organisation: Organisation, at: datetime) -> list[list[Kept]]:
    """Store the reports of messages (id, reading) and renew the sums of every bucket that got rows.

    To be called within a transaction, which holds the buckets until its end; the answers are in the order of the
    reports. A dozen statements, however many messages. Nothing is counted twice (`Report.key`).
    """
    filed = file(readings, organisation=organisation, at=at)
    lock_buckets(filed.buckets)
    return keep(filed, at=at)


def file(
    readings: Sequence[tuple[int, Reading]],
    *,
    organisation: Organisation,
    at: datetime,
    received: Mapping[int, datetime] = MappingProxyType({}),
) -> Filed:
    """Find the places of the reports; `received` says when messages came in, where that was not just now."""
    names = [_domain_of(report) for _, reading in readings for report in reading.reports]
    policies = _policy_names(readings, organisation=organisation)
    domains = places_of({*names, *(name for each in policies.values() for name in each)}, organisation=organisation)
    aggregates: list[FiledAggregate] = []
    failures: list[FiledFailure] = []
    tls: list[FiledTls] = []
    for message_id, reading in readings:
        came = received.get(message_id, at)
        for report in reading.reports:
            domain_id, day = domains.of(_domain_of(report)), _day_of(report, at=came)
            content = _content_of(report, domains.beyond)
            if isinstance(content, AggregateReport):
                aggregate = FiledAggregate(
                    message_id, report.index, domain_id, day, report.key, content, report.filename
                )
                aggregates.append(aggregate)
            elif isinstance(content, TlsReport):
                ids = tuple(domains.of(name) for name in policies[message_id, report.index])
                place = ids[0] if ids else domain_id
                tls.append(FiledTls(message_id, report.index, place, day, report.key, content, ids))
            else:
                arrived = _arrival_of(content, at=came)
                failure = FiledFailure(message_id, report.index, domain_id, day, report.identity, content, arrived)
                failures.append(failure)
    return Filed(organisation, readings, aggregates, failures, tls)


def keep(
    filed: Filed, *, at: datetime, before: Mapping[Place, Before] = MappingProxyType({}), emptied: Iterable[Bucket] = ()
) -> list[list[Kept]]:
    """Store what was filed; the caller holds its buckets. `before` are the rows that payloads had when they were read before.

    The sums of `emptied` are renewed too.
    """
    organisation = filed.organisation
    own_domains = own_names(organisation)
    kept_aggregates, settled = store_aggregates(
        filed.aggregates, organisation=organisation, own_domains=own_domains, at=at, before=before
    )
    kept_failures = store_failures(filed.failures, organisation=organisation, at=at, before=before)
    kept_tls = store_tls(filed.tls, organisation=organisation, at=at, before=before)
    changed = settled | set(emptied)
    grown = [
        Grown(each.domain_id, each.day, kept.pk, each.content.head.org_name)
        for each, kept in zip(filed.aggregates, kept_aggregates, strict=True)
        if kept.is_new and kept.pk is not None and each.content.rows
        and Bucket(organisation.pk, each.domain_id, each.day) not in changed
    ]  # fmt: skip
    add_reports(grown, organisation_id=organisation.pk)
    rebuild(changed)
    return _in_order(filed.readings, iter(kept_aggregates), iter(kept_failures), iter(kept_tls))


def days_of(readings: Iterable[tuple[int, Reading]], *, at: datetime) -> set[date]:
    """The UTC days that `store` will file the aggregate reports of these messages under."""
    return {
        _day_of(report, at=at)
        for _, reading in readings
        for report in reading.reports
        if isinstance(report.content, AggregateReport)
    }


def _in_order(
    readings: Sequence[tuple[int, Reading]], aggregates: Iterable[Kept], failures: Iterable[Kept], tls: Iterable[Kept]
) -> list[list[Kept]]:
    kept = {AggregateReport: iter(aggregates), FailureReport: iter(failures), TlsReport: iter(tls)}
    return [[next(kept[type(report.content)]) for report in reading.reports] for _, reading in readings]


def _policy_names(
    readings: Sequence[tuple[int, Reading]], *, organisation: Organisation
) -> Mapping[tuple[int, int], tuple[str, ...]]:
    """The domains of each TLS report's policies, by message and payload."""
    reports = [(pk, report) for pk, reading in readings for report in reading.reports]
    found = [(pk, each.index, each.content) for pk, each in reports if isinstance(each.content, TlsReport)]
    if not found:
        return {}
    confirmed = confirmed_names(organisation)
    return {(pk, index): policy_names(content, confirmed=confirmed) for pk, index, content in found}


def _content_of(report: Report, beyond: frozenset[str]) -> AggregateReport | FailureReport | TlsReport:
    """The content, with a note where its domain has no place of its own."""
    name = _domain_of(report)
    if name not in beyond:
        return report.content
    repair = Repair(RepairCode.DOMAIN_BEYOND_LIMIT, sent=name)
    repairs = (*report.content.repairs, repair)
    if isinstance(report.content, AggregateReport):
        return report.content._replace(repairs=repairs)
    return replace(report.content, repairs=repairs)


def _domain_of(report: Report) -> str:
    content = report.content
    if isinstance(content, AggregateReport):
        name = content.head.policy.domain
    elif isinstance(content, FailureReport):
        name = content.reported_domain
    else:
        name = content.report_domain
    return name[:NAME_LENGTH].lower()


def _day_of(report: Report, *, at: datetime) -> date:
    """The UTC day of the middle of the period: reporters in other zones shift it by hours, not by half a day."""
    content = report.content
    if isinstance(content, AggregateReport):
        return _utc_day((content.head.begin + content.head.end) // 2)
    if isinstance(content, TlsReport):
        return _utc_day((content.begin + content.end) // 2)
    return _arrival_of(content, at=at).date()


@lru_cache(maxsize=4096)  # many reports are about the same days
def _utc_day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def _arrival_of(content: FailureReport, *, at: datetime) -> datetime:
    """When the message arrived, else when the report did."""
    return at if content.arrived is None else datetime.fromtimestamp(content.arrived, UTC)
