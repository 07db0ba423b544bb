"""The versions of a rule, each with its approvals and with what changed since the one before."""

from __future__ import annotations

from dataclasses import dataclass

from exceptions.models import Approval, ExceptionRule, RuleVersion

FIELDS = (
    "header_from",
    "networks",
    "dkim_domain",
    "envelope_domain",
    "recipients",
    "action",
    "starts_at",
    "expires_at",
    "owner_name",
    "reason_code",
    "reason_text",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One field that says something else than before; values as the model holds them."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Step:
    """One version, what it changed, and who agreed to it."""

    version: RuleVersion
    changes: list[Change]
    approvals: list[Approval]


def history(rule: ExceptionRule) -> list[Step]:
    """All versions, newest first. Two queries."""
    versions = list(rule.versions.order_by("number").prefetch_related("approvals"))
    before: list[RuleVersion | None] = [None, *versions[:-1]]
    steps = [
        Step(version, changes(old, version) if old else [], list(version.approvals.all()))
        for old, version in zip(before, versions, strict=True)
    ]
    return steps[::-1]


def changes(old: RuleVersion, new: RuleVersion) -> list[Change]:
    """What differs, in the order in which a rule is read."""
    pairs = [Change(field, getattr(old, field), getattr(new, field)) for field in FIELDS]
    return [change for change in pairs if change.before != change.after]
