"""Which of an organisation's domains a From domain belongs to, and which ones are its own or its partners'."""

from __future__ import annotations

from typing import NamedTuple

from reports.models import Domain
from reports.vocabulary import DomainKind


class TrustedDomain(NamedTuple):
    pk: int
    name: str
    kind: str


def covering_domain_id(*, organisation_id: int, name: str) -> int:
    """The own or partner domain that is `name` or its nearest parent, else the organisation's "*"."""
    parents = name.split(".")
    suffixes = [".".join(parents[start:]) for start in range(len(parents))]
    found = Domain.objects.filter(organisation_id=organisation_id, name__in=[*suffixes, "*"]).values_list("name", "pk")
    # "*" is the shortest name that there is.
    return max(found, key=lambda pair: len(pair[0]))[1]


def trusted_domains(*, organisation_id: int) -> list[TrustedDomain]:
    """Own and named partner domains by name: there the mode may be stricter than the published policy."""
    trusted = Domain.objects.filter(organisation_id=organisation_id, kind__in=[DomainKind.OWN, DomainKind.PARTNER])
    return [TrustedDomain(*row) for row in trusted.order_by("name").values_list("pk", "name", "kind")]
