"""Who stands behind sources, as pages show it: what was looked up, under the names that the organisation gives itself.

For people to read, filter and group by. Rules and verdicts never ask here: anybody can give an address a name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any

from django.db.models import BooleanField, Case, CharField, Exists, F, Func, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from reports.models import AddressIdentity, ServiceName, Source
from reports.viewer import Viewer

NAMED = "named"
"""The third basis beside those of AddressIdentity: a person of the organisation says so."""


@dataclass(frozen=True, slots=True)
class Identity:
    """`basis` says what the service rests on: NAMED, or a word of AddressIdentity.Basis, or "" where none is known."""

    name: str = ""
    is_confirmed: bool = False
    asn: int | None = None
    as_name: str = ""
    country: str = ""
    service_name: str = ""
    service_type: str = ""
    basis: str = ""
    looked_up_at: datetime | None = None


def identities_of(addresses: Collection[str], *, organisation_id: int) -> dict[str, Identity]:
    """What is known of each address; those of which nothing is known are left out. Two queries."""
    named = _names(organisation_id)
    known = {str(each.address): each for each in AddressIdentity.objects.filter(address__in=addresses)}
    found: dict[str, Identity] = {}
    for address in addresses:
        row = known.get(address)
        service = _named(address, row.base_domain if row else "", named)
        if row or service:
            found[address] = _identity(row, service)
    return found


def service_names(viewer: Viewer) -> QuerySet[ServiceName]:
    """What the viewer's organisation calls services itself, newest first."""
    return ServiceName.objects.filter(organisation_id=viewer.organisation_id).order_by("-named_at", "-pk")


def sources_of(*, organisation_id: int) -> QuerySet[Source]:
    """All sources with `service`, `asn` and `country` as pages show them; "" and None where nothing is known."""
    return Source.objects.filter(organisation_id=organisation_id).annotate(
        service=service_expression("address", organisation_id=organisation_id),
        asn=_looked_up("asn", "address"),
        country=_looked_up("country", "address"),
    )


def service_expression(address: str, *, organisation_id: int) -> Combinable:
    """The service name of the address in the column `address`, in SQL: the same choice that `identities_of` makes."""
    named = _names(organisation_id)
    looked_up = Coalesce(_looked_up("service_name", address), Value(""), output_field=CharField())
    if not named:
        return looked_up
    return Case(*(_when(each, address) for each in named), default=looked_up, output_field=CharField())


def with_service(*, organisation_id: int) -> QuerySet[Source, Any]:
    """`pk` and `service` of the sources that have one, at no cost for those that have none."""
    looked_up = AddressIdentity.objects.exclude(service_name="")
    sources = Source.objects.filter(organisation_id=organisation_id)
    known = [sources.filter(address__in=looked_up.values("address"))]
    for each in _names(organisation_id):
        if each.network:
            known.append(sources.filter(_Within(F("address"), Value(each.network))))
        else:
            named = AddressIdentity.objects.filter(base_domain=each.base_domain)
            known.append(sources.filter(address__in=named.values("address")))
    if len(known) > 1:
        # Each by its own index; by all the conditions at once, every source would be asked.
        first, *others = (some.values("pk") for some in known)
        known = [sources.filter(pk__in=first.union(*others))]
    return known[0].values("pk", service=service_expression("address", organisation_id=organisation_id))


def _looked_up(column: str, address: str) -> Subquery:
    return Subquery(AddressIdentity.objects.filter(address=OuterRef(address)).values(column)[:1])


def _when(named: ServiceName, address: str) -> When:
    if named.network:
        return When(_Within(F(address), Value(named.network)), then=Value(named.name))
    identity = AddressIdentity.objects.filter(address=OuterRef(address), base_domain=named.base_domain)
    return When(Exists(identity), then=Value(named.name))


class _Within(Func):
    template = "%(expressions)s::inet"
    arg_joiner = " <<= "
    output_field = BooleanField()


def _names(organisation_id: int) -> list[ServiceName]:
    """Those of networks before those of domains, narrow networks first: the first that fits counts."""
    named = ServiceName.objects.filter(organisation_id=organisation_id)
    return sorted(named, key=lambda each: -ip_network(each.network).prefixlen if each.network else 1)


def _named(address: str, base_domain: str, named: Sequence[ServiceName]) -> ServiceName | None:
    fitting: Iterable[ServiceName] = (
        each
        for each in named
        if (ip_address(address) in ip_network(each.network) if each.network else each.base_domain == base_domain)
    )
    return next(iter(fitting), None)


def _identity(row: AddressIdentity | None, service: ServiceName | None) -> Identity:
    row = row or AddressIdentity()
    return Identity(
        name=row.name,
        is_confirmed=row.is_confirmed,
        asn=row.asn,
        as_name=row.as_name,
        country=row.country,
        service_name=service.name if service else row.service_name,
        service_type=service.type if service else row.service_type,
        basis=NAMED if service else row.service_basis,
        looked_up_at=row.looked_up_at,
    )
