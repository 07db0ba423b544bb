"""Who may do what: the role x act matrix, as data. docs/roles.md shows the same table, and a test compares both."""

from __future__ import annotations

from enum import StrEnum

from reports.vocabulary import Role


class Act(StrEnum):
    """Everything that a role is asked for."""

    SEE_REPORTS = "see reports"
    REVEAL_SAMPLES = "reveal failure samples"
    UPLOAD = "upload reports by hand"
    NAME_SERVICES = "name sending services"
    MANAGE_MAILBOXES = "manage mailboxes, upload tokens and addresses for TLS reports"
    REREAD = "read messages again, also parked ones"
    SEE_RULES = "see exception rules"
    REQUEST_RULE = "request exception rules"
    DECIDE_RULE = "approve or reject exception rules"
    REVOKE_RULE = "revoke exception rules"
    SEE_ENFORCEMENT = "see enforcement modes and filter nodes"
    TIGHTEN_MODE = "make enforcement stricter"
    PROPOSE_LOOSER_MODE = "propose looser enforcement"
    APPROVE_LOOSER_MODE = "approve looser enforcement"
    MANAGE_NODES = "manage filter nodes"
    MANAGE_DOMAINS = "name domains, hold them, set retention and settings"
    MANAGE_PEOPLE = "invite people and grant roles"
    SEE_AUDIT = "read the audit log"
    REMOVE_DEMO = "remove the demonstration data"


_VIEWER = frozenset({Act.SEE_REPORTS, Act.SEE_RULES, Act.SEE_ENFORCEMENT})
_ANALYST = _VIEWER | {Act.UPLOAD, Act.NAME_SERVICES, Act.REQUEST_RULE, Act.REVOKE_RULE}
_APPROVER = _ANALYST | {
    Act.REVEAL_SAMPLES,
    Act.DECIDE_RULE,
    Act.TIGHTEN_MODE,
    Act.PROPOSE_LOOSER_MODE,
    Act.APPROVE_LOOSER_MODE,
    Act.SEE_AUDIT,
}
_ADMINISTRATOR = _APPROVER | {
    Act.MANAGE_MAILBOXES,
    Act.REREAD,
    Act.MANAGE_NODES,
    Act.MANAGE_DOMAINS,
    Act.MANAGE_PEOPLE,
    Act.REMOVE_DEMO,
}
MATRIX: dict[Role, frozenset[Act]] = {
    Role.VIEWER: _VIEWER,
    Role.ANALYST: _ANALYST,
    Role.APPROVER: _APPROVER,
    Role.ADMINISTRATOR: _ADMINISTRATOR,
    Role.AUDITOR: _VIEWER | {Act.SEE_AUDIT},
}


NOT_IN_DEMO = frozenset({Act.MANAGE_MAILBOXES, Act.MANAGE_NODES, Act.MANAGE_DOMAINS, Act.MANAGE_PEOPLE})
"""What would look like setting up the product, and vanish with the demo organisation."""


def may(role: Role | str, act: Act) -> bool:
    """Whether the role allows the act. An unknown role allows nothing."""
    return any(act in acts for known, acts in MATRIX.items() if known == role)
