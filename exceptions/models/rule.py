"""An exception rule, its versions and its approvals. Moved by exceptions.lifecycle alone; the database forbids the rest.

Migration 0002 holds what a CHECK cannot say: versions and approvals never change, nobody approves what they proposed,
wrote or own, only listed steps lead from state to state, and a rule goes only with its whole demo organisation.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from exceptions.engine.fields import DOMAIN
from exceptions.engine.wire import RuleDocument
from exceptions.vocabulary import MAX_RULE_DAYS, ReasonCode, RuleAction, RuleState

_MAX_LIFETIME = timedelta(days=MAX_RULE_DAYS)
_WHOLE_DOMAIN = f"^{DOMAIN}$"


class ExceptionRule(models.Model):
    """Where a rule stands. What it says is its version number `version`; people call it by `reference`, "EX-12".

    `domain` is the row under which access is given: the own or partner domain that the From domain belongs to, else
    the organisation's "*". The state alone does not tell what filters do: see `RuleVersionQuerySet.in_force`.
    """

    organisation = models.ForeignKey("reports.Organisation", on_delete=models.CASCADE, related_name="+")
    domain = models.ForeignKey("reports.Domain", on_delete=models.RESTRICT, related_name="+")
    state = models.CharField(
        max_length=9, default=RuleState.DRAFT, choices=[(each.value, each.value) for each in RuleState]
    )
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, null=True, blank=True, related_name="+"
    )
    proposed_by_name = models.CharField(max_length=320, blank=True)
    proposed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in RuleState]), name="rule_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[RuleState.DRAFT, RuleState.WITHDRAWN])
                | (Q(proposed_by__isnull=False, proposed_at__isnull=False) & ~Q(proposed_by_name="")),
                name="rule_proposal_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[RuleState.DRAFT, RuleState.PROPOSED, RuleState.APPROVED], ended_at__isnull=True)
                | Q(state__in=sorted(state.value for state in RuleState.final()), ended_at__isnull=False),
                name="rule_end_is_told",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "state"], name="rule_by_state")]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """The rule's name everywhere: in the policy, in the filter's log, in report pages."""
        return f"EX-{self.pk}"


class RuleVersionQuerySet(models.QuerySet["RuleVersion"]):
    """Each row brings its rule, so that a list costs one query."""

    def current(self) -> Self:
        """The version that each rule stands at."""
        return self.filter(number=F("rule__version")).select_related("rule")

    def in_force(self, *, at: datetime) -> Self:
        """What filters must obey at that moment: approved, begun, not over. The clock decides, not a job."""
        return self.approved_until(at=at).filter(starts_at__lte=at)

    def approved_until(self, *, at: datetime) -> Self:
        """Approved and not over at that moment, begun or not."""
        return self.current().filter(rule__state=RuleState.APPROVED, expires_at__gt=at)


class RuleVersion(models.Model):
    """What a rule says; written once. Domains are lower-case A-labels, networks canonical, no wider than /24 and /48.

    Conditions that are present are ANDed, values within one are ORed. `author` wrote this version, `owner` answers for it.
    """

    rule = models.ForeignKey(ExceptionRule, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    header_from = models.CharField(max_length=253)
    networks = ArrayField(models.CharField(max_length=43), default=list, blank=True)
    dkim_domain = models.CharField(max_length=253, null=True, blank=True)
    envelope_domain = models.CharField(max_length=253, null=True, blank=True)
    recipients = ArrayField(models.CharField(max_length=320), default=list, blank=True)
    action = models.CharField(max_length=10, choices=[(each.value, each.value) for each in RuleAction])
    reason_code = models.CharField(max_length=24, choices=[(each.value, each.value) for each in ReasonCode])
    reason_text = models.TextField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    owner_name = models.CharField(max_length=320)
    starts_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    author_name = models.CharField(max_length=320)
    created_at = models.DateTimeField()

    objects = RuleVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="rule_version_once"),
            models.CheckConstraint(condition=Q(header_from__regex=_WHOLE_DOMAIN), name="rule_from_is_one_domain"),
            models.CheckConstraint(
                condition=Q(dkim_domain__isnull=True) | Q(dkim_domain__regex=_WHOLE_DOMAIN),
                name="rule_dkim_is_one_domain",
            ),
            models.CheckConstraint(
                condition=Q(envelope_domain__isnull=True) | Q(envelope_domain__regex=_WHOLE_DOMAIN),
                name="rule_envelope_is_one_domain",
            ),
            models.CheckConstraint(
                condition=~Q(networks=[]) | Q(dkim_domain__isnull=False) | Q(envelope_domain__isnull=False),
                name="rule_has_source_evidence",
            ),
            models.CheckConstraint(
                condition=Q(action__in=[action.value for action in RuleAction]), name="rule_action_known"
            ),
            models.CheckConstraint(
                condition=Q(reason_code__in=[code.value for code in ReasonCode]), name="rule_reason_known"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("starts_at"), expires_at__lte=F("starts_at") + _MAX_LIFETIME),
                name="rule_lifetime_is_bounded",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__lte=F("created_at") + _MAX_LIFETIME), name="rule_start_is_near"
            ),
        ]
        indexes = [models.Index(fields=["header_from"], name="rule_version_by_from")]

    def __str__(self) -> str:
        return f"EX-{self.rule_id} v{self.number}"

    def to_document(self) -> RuleDocument:
        """This version as the policy carries it."""
        return RuleDocument(
            id=f"EX-{self.rule_id}",
            header_from=self.header_from,
            networks=list(self.networks),
            dkim_domain=self.dkim_domain,
            envelope_domain=self.envelope_domain,
            recipients=list(self.recipients),
            action=self.action,
            not_before=int(self.starts_at.timestamp()),
            expires_at=int(self.expires_at.timestamp()),
        )


class Approval(models.Model):
    """One person's yes to exactly one version; written once."""

    version = models.ForeignKey(RuleVersion, on_delete=models.CASCADE, related_name="approvals")
    approver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.RESTRICT, related_name="+")
    approver_name = models.CharField(max_length=320)
    at = models.DateTimeField()
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "approver"], name="approval_once_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.approver_name}: {self.version_id}"
