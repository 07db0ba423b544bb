from __future__ import annotations

from exceptions.models.enforcement import EnforcementMode, ModeChange
from exceptions.models.publication import SigningKey, Snapshot
from exceptions.models.rule import Approval, ExceptionRule, RuleVersion, RuleVersionQuerySet

__all__ = [
    "Approval",
    "EnforcementMode",
    "ExceptionRule",
    "ModeChange",
    "RuleVersion",
    "RuleVersionQuerySet",
    "SigningKey",
    "Snapshot",
]
