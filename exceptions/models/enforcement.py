"""How far filters go, per organisation and domain, and the proposals to go less far. Written by exceptions.plans alone.

Migration 0003 holds what a CHECK cannot say: a mode becomes looser only through a change that a second person approved,
and each such change serves once.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from exceptions.vocabulary import ChangeState, Mode

_WORDS = [mode.value for mode in Mode]
_MODES = [(word, word) for word in _WORDS]


class ModeChange(models.Model):
    """A proposal to enforce less: from `from_mode`/`from_share` to `mode`/`share`, for a domain or (null) by default."""

    organisation = models.ForeignKey("reports.Organisation", on_delete=models.CASCADE, related_name="+")
    domain = models.ForeignKey("reports.Domain", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    from_mode = models.CharField(max_length=10, choices=_MODES)
    from_share = models.PositiveSmallIntegerField()
    mode = models.CharField(max_length=10, choices=_MODES)
    share = models.PositiveSmallIntegerField()
    state = models.CharField(
        max_length=9, default=ChangeState.PROPOSED, choices=[(each.value, each.value) for each in ChangeState]
    )
    reason = models.TextField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    proposed_by_name = models.CharField(max_length=320)
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, null=True, blank=True, related_name="+"
    )
    decided_by_name = models.CharField(max_length=320, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ChangeState]), name="mode_change_state_known"
            ),
            models.CheckConstraint(
                condition=Q(share__lte=100, from_share__lte=100, mode__in=_WORDS, from_mode__in=_WORDS),
                name="mode_change_is_a_mode",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[ChangeState.APPROVED, ChangeState.APPLIED])
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decided_by=F("proposed_by"))),
                name="mode_change_four_eyes",
            ),
            models.UniqueConstraint(
                fields=["organisation", "domain"],
                condition=Q(state=ChangeState.PROPOSED),
                nulls_distinct=False,
                name="mode_change_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_mode} {self.from_share} > {self.mode} {self.share}"


class EnforcementMode(models.Model):
    """How far filters go for mail that fails DMARC with this From domain (null: whatever has no row of its own).

    A row covers the domain and its subdomains. Without any row, filters only watch: monitor.
    """

    organisation = models.ForeignKey("reports.Organisation", on_delete=models.CASCADE, related_name="+")
    domain = models.ForeignKey("reports.Domain", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    mode = models.CharField(max_length=10, choices=_MODES)
    share = models.PositiveSmallIntegerField(default=100)
    since = models.DateTimeField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    set_by_name = models.CharField(max_length=320)
    change = models.ForeignKey(ModeChange, on_delete=models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "domain"], nulls_distinct=False, name="enforcement_mode_one_per_domain"
            ),
            models.CheckConstraint(condition=Q(share__lte=100, mode__in=_WORDS), name="enforcement_mode_is_a_mode"),
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.share}"
