"""Who people and domains are."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person may do in one organisation; the matrix is docs/roles.md."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class DomainKind(StrEnum):
    """Own domains are reported about; partners are named by an administrator; FOREIGN stands for all others."""

    OWN = "own"
    PARTNER = "partner"
    FOREIGN = "foreign"
