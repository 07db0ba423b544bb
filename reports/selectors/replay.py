"""The failing mail of the stored reports as distinct identities with their counts: what a rule is replayed over.

Whether a rule covers an identity is the engine's to say; the evidence given here only keeps the answer small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import BooleanField, Count, F, Func, Max, QuerySet, Sum, Value

from reports.models import InboundEvent
from reports.selectors.counted import counted_rows
from reports.vocabulary import Lens

LIMIT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Whose mail is looked for: one From domain, and the evidence that all of it must show (None or empty: any)."""

    organisation_id: int
    domain_id: int
    header_from: str
    since: date
    networks: Sequence[str] = ()
    dkim_domain: str | None = None
    envelope_domain: str | None = None
    source_id: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Messages that failed DMARC alike. `dkim_domains` verified; `envelope_domain` is the one that SPF passed for, or ""."""

    source_id: int
    address: str
    dkim_domains: frozenset[str]
    envelope_domain: str
    verdict: str
    lens: str
    messages: int
    last_day: date


def failing_identities(sought: Sought) -> list[Identity]:
    """What aggregate reports and our own nodes told, the most messages first; two queries, at most LIMIT rows each."""
    return sorted([*_reported(sought), *_judged_here(sought)], key=lambda identity: -identity.messages)


class _IsWithin(Func):
    """source_ip <<= ANY(networks): PostgreSQL's containment of addresses, for which Django has no lookup."""

    template = "%(expressions)s::inet[])"
    arg_joiner = " <<= ANY("
    output_field = BooleanField()


def _reported(sought: Sought) -> Iterator[Identity]:
    rows = _narrow(counted_rows(sought.organisation_id).filter(is_aligned=False), sought)
    if sought.envelope_domain is not None:
        rows = rows.filter(spf_results__contains=[{"domain": sought.envelope_domain, "result": "pass"}])
    groups = rows.values("source_id", "source_ip", "dkim_results", "spf_results", "verdict", "lens")
    for row in groups.annotate(messages=Sum("count"), last_day=Max("day")).order_by("-messages")[:LIMIT]:
        passed = [each["domain"] for each in row["spf_results"] if each["result"] == "pass" and each["scope"] != "helo"]
        yield _identity(row, verdict=row["verdict"], lens=row["lens"], envelope_domain=passed[0] if passed else "")


def _judged_here(sought: Sought) -> Iterator[Identity]:
    events = _narrow(InboundEvent.objects.all(), sought)
    if sought.envelope_domain is not None:
        events = events.filter(spf="pass", envelope_domain=sought.envelope_domain)
    groups = events.values("source_id", "source_ip", "envelope_domain", "spf", "classification", dkim_results=F("dkim"))
    for row in groups.annotate(messages=Count("pk"), last_day=Max("day")).order_by("-messages")[:LIMIT]:
        envelope = row["envelope_domain"] if row["spf"] == "pass" else ""
        yield _identity(row, verdict=row["classification"], lens=Lens.HERE, envelope_domain=envelope)


def _narrow(rows: QuerySet[Any], sought: Sought) -> QuerySet[Any]:
    rows = rows.filter(
        organisation_id=sought.organisation_id,
        domain_id=sought.domain_id,
        day__gte=sought.since,
        header_from=sought.header_from,
    )
    if sought.source_id is not None:
        rows = rows.filter(source_id=sought.source_id)
    if sought.networks:
        rows = rows.filter(_IsWithin(F("source_ip"), Value(list(sought.networks))))
    if sought.dkim_domain is not None:
        field = "dkim" if rows.model is InboundEvent else "dkim_results"
        rows = rows.filter(**{f"{field}__contains": [{"domain": sought.dkim_domain, "result": "pass"}]})
    return rows


def _identity(row: Mapping[str, Any], *, verdict: str, lens: str, envelope_domain: str) -> Identity:
    return Identity(
        source_id=row["source_id"],
        address=row["source_ip"],
        dkim_domains=frozenset(each["domain"] for each in row["dkim_results"] if each["result"] == "pass"),
        envelope_domain=envelope_domain,
        verdict=verdict,
        lens=lens,
        messages=row["messages"],
        last_day=row["last_day"],
    )
