"""Which of an organisation's domains a From domain belongs to, and which ones are its own or its partners'."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from django.db.models import Max, Sum

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


class SeenDomain(NamedTuple):
    """`messages` are all that were reported, `last_day` (UTC) the last with any; None where there were none."""

    domain: Domain
    messages: int | None
    last_day: date | None


def named_and_seen(viewer: Viewer) -> tuple[list[SeenDomain], list[SeenDomain]]:
    """What people named, by kind and name, and what only reports named, most messages first. Two queries."""
    own = Domain.objects.filter(organisation_id=viewer.organisation_id).exclude(kind=DomainKind.FOREIGN)
    sums = DomainDay.objects.filter(organisation_id=viewer.organisation_id)
    if viewer.domain_ids is not None:
        own, sums = own.filter(pk__in=viewer.domain_ids), sums.filter(domain_id__in=viewer.domain_ids)
    # All of them in one go: a sum for each domain would be asked for as many times as there are domains.
    of_domain = {
        pk: (int(total), last)
        for pk, total, last in sums.values_list("domain_id").annotate(Sum("messages"), Max("day"))
    }
    found = [SeenDomain(domain, *of_domain.get(domain.pk, (None, None))) for domain in own.order_by("kind", "name")]
    named = [each for each in found if is_named(each.domain.kind, each.domain.confirmed_at)]
    seen = [each for each in found if not is_named(each.domain.kind, each.domain.confirmed_at)]
    return named, sorted(seen, key=lambda each: (-(each.messages or 0), each.domain.name))


def is_filed_under(domain: Domain) -> bool:
    """Whether anything that reports or filters told lies under the domain, and would go with it."""
    tables: tuple[Any, ...] = (AggregateReport, FailureReport, InboundEvent, PassCount, Decision)
    return any(table.objects.filter(domain=domain).exists() for table in tables)
