"""Which of an organisation's domains a From domain belongs to, and which ones are its own or its partners'."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery, Sum

from reports.models import AggregateReport, Decision, Domain, DomainDay, FailureReport, InboundEvent, PassCount
from reports.viewer import Viewer
from reports.vocabulary import DomainKind


class TrustedDomain(NamedTuple):
    """`is_named` tells that a person said whose it is; a report alone makes a domain own, and anybody can send one."""

    pk: int
    name: str
    kind: str
    is_named: bool


def covering_domain_id(*, organisation_id: int, name: str) -> int:
    """The own or partner domain that is `name` or its nearest parent, else the organisation's "*"."""
    parents = name.split(".")
    suffixes = [".".join(parents[start:]) for start in range(len(parents))]
    found = Domain.objects.filter(organisation_id=organisation_id, name__in=[*suffixes, "*"]).values_list("name", "pk")
    # "*" is the shortest name that there is.
    return max(found, key=lambda pair: len(pair[0]))[1]


def trusted_domains(*, organisation_id: int) -> list[TrustedDomain]:
    """Own and named partner domains by name: there the mode may be stricter than the published policy, once a person
    has named the domain or set a mode for it.
    """
    trusted = Domain.objects.filter(organisation_id=organisation_id, kind__in=[DomainKind.OWN, DomainKind.PARTNER])
    rows = trusted.order_by("name").values_list("pk", "name", "kind", "confirmed_at")
    return [TrustedDomain(pk, name, kind, is_named(kind, at)) for pk, name, kind, at in rows]


def is_named(kind: str, confirmed_at: object) -> bool:
    """Whether a person said whose domain it is. Nothing but a person makes a partner."""
    return kind == DomainKind.PARTNER or confirmed_at is not None


def named_domains(viewer: Viewer) -> QuerySet[Domain]:
    """What people named, by kind and name. Each row brings `messages` (all that were reported) and `last_day` (UTC)."""
    named = Q(kind=DomainKind.PARTNER) | Q(kind=DomainKind.OWN, confirmed_at__isnull=False)
    return _with_volumes(viewer).filter(named).order_by("kind", "name")


def seen_domains(viewer: Viewer) -> QuerySet[Domain]:
    """What only reports named, most messages first; with `messages` and `last_day` (UTC)."""
    seen = _with_volumes(viewer).filter(kind=DomainKind.OWN, confirmed_at__isnull=True)
    return seen.order_by(F("messages").desc(nulls_last=True), "name")


def is_filed_under(domain: Domain) -> bool:
    """Whether anything that reports or filters told lies under the domain, and would go with it."""
    tables: tuple[Any, ...] = (AggregateReport, FailureReport, InboundEvent, PassCount, Decision)
    return any(table.objects.filter(domain=domain).exists() for table in tables)


def _with_volumes(viewer: Viewer) -> QuerySet[Domain]:
    domains = Domain.objects.filter(organisation_id=viewer.organisation_id)
    if viewer.domain_ids is not None:
        domains = domains.filter(pk__in=viewer.domain_ids)
    days = DomainDay.objects.filter(domain=OuterRef("pk")).order_by().values("domain")
    return domains.annotate(
        messages=Subquery(days.annotate(sum=Sum("messages")).values("sum")),
        last_day=Subquery(days.annotate(last=Max("day")).values("last")),
    )
