"""What of the deciding side hangs on a domain. Changes nothing."""

from __future__ import annotations

from exceptions.models import EnforcementMode, ExceptionRule, ModeChange


def rules_of(domain_id: int) -> list[str]:
    """The references of all rules that are filed under the domain, ended ones too."""
    return [rule.reference for rule in ExceptionRule.objects.filter(domain_id=domain_id).order_by("pk")]


def has_modes(domain_id: int) -> bool:
    """Whether a mode of its own was ever set, or proposed, for the domain."""
    return (
        EnforcementMode.objects.filter(domain_id=domain_id).exists()
        or ModeChange.objects.filter(domain_id=domain_id).exists()
    )
