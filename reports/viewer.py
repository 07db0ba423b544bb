"""Who is looking: the person, the organisation they look at, their role there, and the domains they may see."""

from __future__ import annotations

from dataclasses import dataclass

from reports.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """Handed to every selector. `domain_ids` None means all domains of the organisation.

    `remote_address` is where the request came from, for the audit log.
    """

    user_id: int
    user_name: str
    organisation_id: int
    organisation_name: str
    is_demo: bool
    role: Role
    domain_ids: tuple[int, ...] | None = None
    remote_address: str | None = None

    def sees_domain(self, domain_id: int) -> bool:
        """Whether the domain is among those that the viewer may see."""
        return self.domain_ids is None or domain_id in self.domain_ids
