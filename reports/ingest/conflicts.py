"""Applies the decision about reports of one identity to the database. Decides nothing itself (reports.ingest.superseding)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection

from reports.ingest import secondhand
from reports.ingest.sender.alignment import speaks_for
from reports.ingest.superseding import Contender, decide
from reports.models import AggregateReport, Message
from reports.rollups.buckets import Bucket
from reports.vocabulary import Channel, RepairCode, SenderCheck

MOST_COMPARED = 20
"""Truncated and whole reports of one identity that are compared row by row: anybody can send any number."""
BY_PERSON = (Channel.UPLOAD, Channel.FILE)

Identity = tuple[date, bytes]


class _Mail(NamedTuple):
    """One mail that brought the report, and what is known of its sender."""

    arrived: datetime
    message_id: int
    payload_index: int
    channel: str
    domain: str
    fits: bool
    filename: str

    @property
    def rank(self) -> tuple[bool, bool]:
        return bool(self.domain), self.fits


@dataclass(frozen=True, slots=True)
class _Held:
    """A report as it is stored, and the mails that brought it, the first one first."""

    report: AggregateReport
    mails: tuple[_Mail, ...]

    @property
    def first(self) -> _Mail:
        """The mail that the report is stored with."""
        return next(each for each in self.mails if each.message_id == self.report.message_id)

    @property
    def best(self) -> _Mail:
        """The mail that proves most; where none is better, the one that the report is stored with."""
        return max((self.first, *self.mails), key=lambda each: each.rank)

    @property
    def proven_by(self) -> int | None:
        return self.best.message_id if self.best.rank > self.first.rank else None

    def contender(self) -> Contender:
        best = self.best
        return Contender(
            pk=self.report.pk,
            arrived=self.mails[0].arrived,
            rows_hash=bytes(self.report.rows_hash),
            filename=next((each.filename for each in self.mails if each.filename), ""),
            sender_domain=best.domain,
            fits=best.fits,
            is_truncated=any(each["code"] == RepairCode.XML_TRUNCATED for each in self.report.repairs),
            by_person=any(each.channel in BY_PERSON for each in self.mails),
        )


def settle(identities: Collection[Identity], *, organisation_id: int) -> set[Bucket]:
    """Decide anew which reports of these identities count; answers the buckets whose sums are to be renewed for it.

    A report that several mails brought has the sender of the one that proves most. The caller holds the buckets
    (reports.rollups.buckets) and renews the sums in the same transaction. Four queries, and more only where it changes.
    """
    changed: set[Bucket] = set()
    for group in _groups(identities, organisation_id=organisation_id):
        replaced = secondhand.heirs(held.report for held in group)
        contenders = [held.contender() for held in group if held.report.pk not in replaced]
        decided = {**decide(contenders, contained=_contained(contenders)), **replaced}
        counted = sum(heir is None for heir in decided.values())
        for held in group:
            report, heir = held.report, decided[held.report.pk]
            after = (heir, heir is None, heir is None and counted > 1, held.proven_by)
            if after == (report.superseded_by_id, report.is_counted, report.is_conflicting, report.proven_by_id):
                continue
            if report.is_counted != after[1]:
                changed.add(Bucket(organisation_id, report.domain_id, report.day))
            AggregateReport.objects.filter(pk=report.pk).update(
                superseded_by=heir, is_counted=after[1], is_conflicting=after[2], proven_by=after[3]
            )
    return changed


def _groups(identities: Collection[Identity], *, organisation_id: int) -> Iterable[Sequence[_Held]]:
    if not identities:
        return []
    reports = AggregateReport.objects.filter(
        organisation_id=organisation_id,
        day__in={day for day, _ in identities},
        identity__in={identity for _, identity in identities},
    ).only(
        "organisation_id", "domain_id", "message_id", "payload_index", "identity", "rows_hash", "day", "filename", "org_name", "email",
        "repairs", "is_conflicting", "is_counted", "is_secondhand", "begin", "end", "report_id", "superseded_by_id", "proven_by_id",
    )  # fmt: skip
    stored = list(reports.order_by("pk"))
    mails = _mails_of(stored, organisation_id=organisation_id)
    groups: dict[Identity, list[_Held]] = defaultdict(list)
    for report in stored:
        groups[report.day, bytes(report.identity)].append(_Held(report, tuple(sorted(mails[report.pk]))))
    return groups.values()


# Anybody can bring a report again any number of times: of all who did, the first of each kind that could decide is enough.
_AGAIN = """
SELECT DISTINCT ON (s.aggregate_id, k.domain, k.is_named, k.by_person)
    s.aggregate_id, m.received_at, s.message_id, s.payload_index, m.channel, k.domain, s.filename
FROM reports_sighting s JOIN reports_message m ON m.id = s.message_id CROSS JOIN LATERAL (
    SELECT CASE WHEN m.sender_check = %s THEN m.sender_domain ELSE '' END AS domain,
        s.filename <> '' AS is_named, m.channel = ANY(%s) AS by_person
) AS k WHERE s.organisation_id = %s AND s.aggregate_id = ANY(%s)
ORDER BY s.aggregate_id, k.domain, k.is_named, k.by_person, m.received_at, s.message_id, s.payload_index
"""


def _mails_of(reports: Sequence[AggregateReport], *, organisation_id: int) -> Mapping[int, list[_Mail]]:
    """Of each report the mail that it is stored with, and what _AGAIN finds of the others."""
    by_pk = {report.pk: report for report in reports}
    mails: dict[int, list[_Mail]] = defaultdict(list)
    if not by_pk:
        return mails
    wanted = {report.message_id for report in reports}
    messages = Message.objects.only("received_at", "channel", "sender_check", "sender_domain").in_bulk(wanted)
    places: list[tuple[Any, ...]] = []
    for report in reports:
        message = messages[report.message_id]
        domain = message.sender_domain if message.sender_check == SenderCheck.VERIFIED else ""
        index, name = report.payload_index, report.filename
        places.append((report.pk, message.received_at, message.pk, index, message.channel, domain, name))
    with connection.cursor() as cursor:
        people = [channel.value for channel in BY_PERSON]
        cursor.execute(_AGAIN, [SenderCheck.VERIFIED.value, people, organisation_id, list(by_pk)])
        places += cursor.fetchall()
    for pk, arrived, message_id, index, channel, domain, name in places:
        fits = speaks_for(domain, org_name=by_pk[pk].org_name, email=by_pk[pk].email)
        mails[pk].append(_Mail(arrived, message_id, index, channel, domain, fits, name))
    return mails


def _contained(contenders: Sequence[Contender]) -> frozenset[tuple[int, int]]:
    """The (truncated, whole) pairs of which the second holds every row of the first, each as often."""
    ordered = sorted(contenders, key=lambda each: each.order)
    broken = [each.pk for each in ordered if each.is_truncated][:MOST_COMPARED]
    whole = [each.pk for each in ordered if not each.is_truncated][:MOST_COMPARED]
    return frozenset(pair for pair in _pairs(broken, whole) if _holds_all(*pair))


def _pairs(broken: Sequence[int], whole: Sequence[int]) -> Iterator[tuple[int, int]]:
    return ((one, other) for one in broken for other in whole)


_ROWS = (
    "SELECT source_ip, count, disposition, dkim, spf, header_from, envelope_from, envelope_to, reasons, dkim_results, "
    "spf_results FROM reports_aggregaterow r JOIN reports_aggregatereport p "
    "ON p.organisation_id = r.organisation_id AND p.domain_id = r.domain_id AND p.day = r.day AND p.id = r.report_id "
    "WHERE p.id = %s"
)


def _holds_all(truncated: int, whole: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT NOT EXISTS ({_ROWS} EXCEPT ALL {_ROWS})", [truncated, whole])
        (holds,) = cursor.fetchone()
    return bool(holds)
