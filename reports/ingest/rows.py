"""Writes the rows of aggregate reports: their sources set by set, themselves by COPY. The only writer of both tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection

from reports.dto import Address, DkimResult, OverrideReason, SpfResult
from reports.dto import AggregateRow as Row
from reports.ingest.copying import copy_lines, to_field
from reports.ingest.filed import FiledAggregate
from reports.models import AggregateRow, Organisation
from reports.sources.classify import Evidence, classify, has_raw_pass
from reports.sources.lens import LensRule, ReporterLens

COLUMNS = (
    "organisation_id", "domain_id", "day", "report_id", "position", "source_id", "source_ip", "count",
    "lens", "verdict", "disposition", "dkim", "spf", "is_aligned", "has_raw_pass", "header_from", "envelope_from",
    "envelope_to", "reasons", "dkim_results", "spf_results",
)  # fmt: skip
TAILS_KEPT = 20_000
FEW = 4
"""Reasons or results of a row. What says more is not kept from report to report: some thousand such rows fill any memory."""
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode  # json.dumps makes one for each call


class RowWriter:
    """Writes rows of one organisation. What follows a row's count is judged and spelt once for all rows alike."""

    def __init__(self, organisation: Organisation, *, own_domains: Iterable[str]) -> None:
        self._organisation = organisation
        self._lens = LensRule.of(
            own_reporters=organisation.own_reporters,
            mailbox_reporters=organisation.mailbox_reporters,
            own_domains=frozenset(own_domains),
        )

    def write(self, reports: Sequence[tuple[int, FiledAggregate]], *, at: datetime) -> None:
        """Load all rows of the reports, each given with its primary key."""
        copy_lines(AggregateRow._meta.db_table, COLUMNS, self.lines(reports, at=at))

    def lines(self, reports: Sequence[tuple[int, FiledAggregate]], *, at: datetime) -> Iterator[str]:
        """The rows in COPY's text format, as PostgreSQL itself would give them back."""
        # By identity: to hash an address costs more than to write the row, and rows share theirs.
        addresses = {id(row.source_ip): row.source_ip for _, report in reports for row in report.content.rows}
        sources = store_sources(set(addresses.values()), organisation=self._organisation, at=at)
        return self._lines(reports, {key: sources[address] for key, address in addresses.items()})

    def _lines(self, reports: Sequence[tuple[int, FiledAggregate]], sources: Mapping[int, str]) -> Iterator[str]:
        tails: dict[tuple[Any, ...], str] = {}
        for pk, report in reports:
            head = report.content.head
            start = f"{self._organisation.pk}\t{report.domain_id}\t{report.day}\t{pk}\t"
            lens = self._lens.for_reporter(org_name=head.org_name, email=head.email)
            for row in report.content.rows:
                # Results by identity too: the reports, which hold them, live as long as `tails`.
                key = (
                    head.policy.domain, lens.is_own, lens.hosts_us, row.disposition, row.dkim, row.spf, row.header_from,
                    row.envelope_from, row.envelope_to, id(row.reasons), id(row.dkim_results), id(row.spf_results),
                )  # fmt: skip
                tail = tails.get(key)
                if tail is None:
                    if len(tails) >= TAILS_KEPT:
                        tails.clear()
                    tail = tails[key] = _spell(row, head.policy.domain, lens)
                yield f"{start}{row.position}\t{sources[id(row.source_ip)]}\t{row.count}\t{tail}"


def store_sources(addresses: Iterable[Address], *, organisation: Organisation, at: datetime) -> dict[Address, str]:
    """Make the sources that are missing; the answer maps each address to the fields "source_id, source_ip" of a row."""
    ordered = sorted(addresses, key=lambda address: (address.version, int(address)))
    texts = [str(address) for address in ordered]
    with connection.cursor() as cursor:
        # In one order, so that two workers that make the same sources never wait for each other in a ring.
        cursor.execute(
            "INSERT INTO reports_source (organisation_id, address, created_at) "
            "SELECT %s, a, %s FROM unnest(%s::inet[]) AS a "
            "WHERE NOT EXISTS (SELECT FROM reports_source s WHERE s.organisation_id = %s AND s.address = a) "
            "ORDER BY a ON CONFLICT DO NOTHING",
            [organisation.pk, at, texts, organisation.pk],
        )
        cursor.execute(
            "SELECT s.id FROM unnest(%s::inet[]) WITH ORDINALITY AS a(address, n) "
            "JOIN reports_source s ON s.organisation_id = %s AND s.address = a.address ORDER BY n",
            [texts, organisation.pk],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
    return {address: f"{pk}\t{text}" for address, text, pk in zip(ordered, texts, ids, strict=True)}


def evidence_of(row: Row, *, domain: str) -> Evidence:
    """What the classifier may know of a row in a report about `domain`."""
    return Evidence(
        domain, row.header_from, row.dkim, row.spf, row.envelope_from, row.reasons, row.dkim_results, row.spf_results
    )


def _spell(row: Row, domain: str, lens: ReporterLens) -> str:
    evidence = evidence_of(row, domain=domain)
    return "\t".join(
        (
            lens.of_row(row.envelope_to),
            classify(evidence).verdict,
            to_field(row.disposition),
            to_field(row.dkim),
            to_field(row.spf),
            "t" if row.is_aligned else "f",
            "t" if has_raw_pass(evidence) else "f",
            to_field(row.header_from),
            to_field(row.envelope_from),
            to_field(row.envelope_to),
            _reasons(row.reasons),
            _dkim(row.dkim_results),
            _spf(row.spf_results) + "\n",
        )
    )


def _json(items: tuple[OverrideReason, ...] | tuple[DkimResult, ...] | tuple[SpfResult, ...]) -> str:
    return to_field(_encode([{name: getattr(each, name) for name in _KEYS[type(each)]} for each in items]))


# In the order that jsonb has, so that rows can be compared with stored ones by their text.
_KEYS = {
    kind: sorted(kind._fields, key=lambda name: (len(name), name)) for kind in (OverrideReason, DkimResult, SpfResult)
}


def _spelling() -> Callable[[Any], str]:
    kept = lru_cache(maxsize=TAILS_KEPT)(_json)
    return lambda items: kept(items) if len(items) <= FEW else _json(items)


# One for each kind: tuples of one kind equal those of another with the same texts.
_reasons, _dkim, _spf = _spelling(), _spelling(), _spelling()
