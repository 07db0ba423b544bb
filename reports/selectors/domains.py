"""Which of an organisation's domains a From domain belongs to, and which ones are its own or its partners'."""

from __future__ import annotations

from reports.models import Domain
from reports.vocabulary import DomainKind


def covering_domain_id(*, organisation_id: int, name: str) -> int:
    """The own or partner domain that is `name` or its nearest parent, else the organisation's "*"."""
    parents = name.split(".")
    suffixes = [".".join(parents[start:]) for start in range(len(parents))]
    found = Domain.objects.filter(organisation_id=organisation_id, name__in=[*suffixes, "*"]).values_list("name", "pk")
    # "*" is the shortest name that there is.
    return max(found, key=lambda pair: len(pair[0]))[1]


def trusted_domain_names(*, organisation_id: int) -> list[str]:
    """Own and named partner domains, sorted: there the mode may be stricter than the published policy."""
    trusted = Domain.objects.filter(organisation_id=organisation_id, kind__in=[DomainKind.OWN, DomainKind.PARTNER])
    return list(trusted.order_by("name").values_list("name", flat=True))
