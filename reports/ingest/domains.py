"""Which domain a report is filed under, and how many of them reports may make. Confirms none: that is for people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reports.models import Domain, Organisation
from reports.vocabulary import DomainKind

MOST_UNCONFIRMED = 500
"""Each is a line on pages and an entry in menus, and anybody can send a report about a domain that nobody has."""
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_OTHERS = "*"


@dataclass(frozen=True, slots=True)
class Places:
    """The rows of domains by name. `beyond` are domains that found no place of their own any more."""

    ids: dict[str, int]
    beyond: frozenset[str]

    def of(self, name: str) -> int:
        """The row of the domain, else that of all others."""
        return self.ids.get(name, self.ids[_OTHERS])


def places_of(names: Iterable[str], *, organisation: Organisation) -> Places:
    """The places of these domains; one that nobody named before is taken for an own one, since reports of it come here.

    That gives a place among the pages and no more: filters take a domain for our own when a person has said so. What is
    no domain, or a whole top-level one, or beyond MOST_UNCONFIRMED, has its place among all others. Two workers at once
    may both take the last places, so that there is a batch more, once.
    """
    wanted = set(names)
    proper = {name for name in wanted if _DOMAIN.fullmatch(name)}
    found = Domain.objects.filter(organisation=organisation, name__in={*wanted, _OTHERS})
    known = dict(found.values_list("name", "pk"))
    if missing := sorted(proper - known.keys()):
        unconfirmed = Domain.objects.filter(
            organisation=organisation, kind=DomainKind.OWN, confirmed_at__isnull=True
        ).count()
        Domain.objects.bulk_create(
            [
                Domain(organisation=organisation, name=name, kind=DomainKind.OWN)
                for name in missing[: max(0, MOST_UNCONFIRMED - unconfirmed)]
            ],
            ignore_conflicts=True,
        )
        known = dict(found.values_list("name", "pk"))
    return Places(known, frozenset(proper - known.keys()))


def own_names(organisation: Organisation) -> list[str]:
    """The names of the organisation's own domains, confirmed or not."""
    return list(Domain.objects.filter(organisation=organisation, kind=DomainKind.OWN).values_list("name", flat=True))
