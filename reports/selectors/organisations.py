"""The organisations as such, for work that nobody looks at: pages look through a viewer."""

from __future__ import annotations

from typing import NamedTuple

from reports.models import Organisation


class OrganisationName(NamedTuple):
    pk: int
    slug: str
    is_demo: bool


def organisation_name(organisation_id: int) -> OrganisationName:
    return OrganisationName(*Organisation.objects.values_list("pk", "slug", "is_demo").get(pk=organisation_id))


def real_organisation_ids() -> list[int]:
    """All but the demo, in one order."""
    return list(Organisation.objects.filter(is_demo=False).order_by("pk").values_list("pk", flat=True))
