"""Keeps what was decided about sources as plain rows, so that no report page ever asks the deciding side."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from reports.models import Decision

Kind = Decision.Kind


@transaction.atomic
def decide(
    kind: Kind,
    *,
    reference: str,
    organisation_id: int,
    domain_id: int,
    source_ids: Iterable[int],
    decided_by_id: int | None,
    decided_by_name: str,
    at: datetime,
    until: datetime | None = None,
) -> None:
    """Say of exactly these sources that `reference` decided so; what it said before is gone."""
    withdraw(reference, organisation_id=organisation_id)
    Decision.objects.bulk_create(
        Decision(
            organisation_id=organisation_id,
            domain_id=domain_id,
            source_id=source_id,
            kind=kind,
            reference=reference,
            decided_by_id=decided_by_id,
            decided_by_name=decided_by_name,
            decided_at=at,
            until=until,
        )
        for source_id in sorted(set(source_ids))
    )


def withdraw(reference: str, *, organisation_id: int) -> None:
    """Let the sources that `reference` decided about stand undecided again."""
    Decision.objects.filter(organisation_id=organisation_id, reference=reference).delete()
