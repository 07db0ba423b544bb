"""Which enforcement mode holds for which domain, and where it comes from. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from exceptions.engine.names import suffixes
from exceptions.models import EnforcementMode, ModeChange
from exceptions.vocabulary import WHOLE_SHARE, ChangeState, Mode
from reports.selectors.domains import TrustedDomain, trusted_domains
from reports.viewer import Viewer


@dataclass(frozen=True, slots=True)
class InForce:
    """What filters do with failing mail of a domain. `row` is the entry that says so; without any they only watch."""

    mode: Mode
    share: int
    row: EnforcementMode | None
    domain_is_unknown: bool = False

    @property
    def strictness(self) -> int:
        return self.mode.strictness(self.share)


@dataclass(frozen=True, slots=True)
class DomainMode:
    """One own or partner domain with what holds for it, its own entry or an inherited one.

    `is_bound` where filters go no further than what the domain publishes: by default, and nobody has named it.
    """

    domain: TrustedDomain
    in_force: InForce
    is_bound: bool

    @property
    def is_inherited(self) -> bool:
        return self.in_force.row is None or self.in_force.row.domain_id != self.domain.pk


def mode_in_force(*, organisation_id: int, domain_id: int | None) -> InForce:
    """What holds for one own or partner domain, or (None) by default. Two queries."""
    rows = list(EnforcementMode.objects.filter(organisation_id=organisation_id).select_related("domain"))
    if domain_id is None:
        return _nearest(rows, "")
    domain = next((each for each in trusted_domains(organisation_id=organisation_id) if each.pk == domain_id), None)
    if domain is None:
        return InForce(Mode.MONITOR, WHOLE_SHARE, None, domain_is_unknown=True)
    return _nearest(rows, domain.name)


def domain_modes(viewer: Viewer) -> list[DomainMode]:
    """All own and partner domains that the viewer sees, by name. Two queries."""
    rows = list(EnforcementMode.objects.filter(organisation_id=viewer.organisation_id).select_related("domain"))
    trusted = trusted_domains(organisation_id=viewer.organisation_id)
    named = {domain.name for domain in trusted if domain.is_named}
    return [
        DomainMode(domain, in_force, is_bound=_is_by_default(in_force) and named.isdisjoint(suffixes(domain.name)))
        for domain in trusted
        if viewer.sees_domain(domain.pk)
        for in_force in [_nearest(rows, domain.name)]
    ]


def default_mode(viewer: Viewer) -> InForce:
    """What holds for every domain without an entry of its own."""
    return mode_in_force(organisation_id=viewer.organisation_id, domain_id=None)


def open_changes(viewer: Viewer) -> QuerySet[ModeChange]:
    """Proposals to enforce less that wait for a second person, oldest first."""
    changes = ModeChange.objects.filter(organisation_id=viewer.organisation_id, state=ChangeState.PROPOSED)
    if viewer.domain_ids is not None:
        changes = changes.filter(domain_id__in=viewer.domain_ids)
    return changes.select_related("domain").order_by("pk")


def _is_by_default(in_force: InForce) -> bool:
    return bool(in_force.strictness) and in_force.row is not None and in_force.row.domain_id is None


def _nearest(rows: list[EnforcementMode], name: str) -> InForce:
    """The entry of the domain, else of its nearest parent, else the default; the engine reads the policy alike."""
    covering = [row for row in rows if row.domain is None or f".{name}".endswith(f".{row.domain.name}")]
    row = max(covering, key=lambda each: len(each.domain.name) if each.domain else 0, default=None)
    return InForce(Mode(row.mode), row.share, row) if row else InForce(Mode.MONITOR, WHOLE_SHARE, None)
