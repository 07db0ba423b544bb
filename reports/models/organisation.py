"""Whose data it is: organisations, their domains, and who may see them in which role."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from reports.vocabulary import DomainKind, Role


class Organisation(models.Model):
    """A separate set of domains, reports, rules and people. The demo organisation is one like any other, marked so.

    `own_reporters` are our own gateways, `mailbox_reporters` the reporters that also host mailboxes of ours: each as
    its org_name, its e-mail address or that address's domain, in any case. They decide the lens of a row.
    `trusted_authserv_ids` are the servers whose Authentication-Results are believed (reports.ingest.sender.results);
    `servers_changed_at` is when they changed, as long as mails that were judged before wait to be judged again.
    """

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    is_demo = models.BooleanField(default=False)
    own_reporters = models.JSONField(default=list, blank=True)
    mailbox_reporters = models.JSONField(default=list, blank=True)
    trusted_authserv_ids = models.JSONField(default=list, blank=True, db_default=[])
    servers_changed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_demo"], condition=models.Q(is_demo=True), name="organisation_one_demo"),
        ]

    def __str__(self) -> str:
        return self.name


class Domain(models.Model):
    """A domain that reports speak of, as lower-case A-labels.

    Each organisation has one row of kind FOREIGN, named "*", which stands for every From domain that is not its own:
    so each stored row has a domain, and access can be given per domain. A row without `confirmed_at` was made by a
    report, which anybody can send: no person has said yet that the domain is theirs. Of days before `rows_since` the
    rows are gone, so that its sums of them stand as they are. While it is held, nothing of it goes (reports.retention).
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="domains")
    name = models.CharField(max_length=253)
    kind = models.CharField(max_length=8, choices=[(kind.value, kind.value) for kind in DomainKind])
    created_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by_name = models.CharField(max_length=320, blank=True)
    rows_since = models.DateField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    held_by_name = models.CharField(max_length=320, blank=True, default="", db_default="")
    hold_reason = models.CharField(max_length=1000, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="domain_once_per_organisation"),
            models.CheckConstraint(
                condition=models.Q(name=models.functions.Lower("name")) & ~models.Q(name=""),
                name="domain_is_lower_case",
            ),
            models.CheckConstraint(
                condition=models.Q(kind=DomainKind.FOREIGN, name="*")
                | ~(models.Q(kind=DomainKind.FOREIGN) | models.Q(name="*")),
                name="domain_star_is_foreign",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_at__isnull=True, confirmed_by_name="")
                | (models.Q(confirmed_at__isnull=False) & ~models.Q(confirmed_by_name="") & ~models.Q(name="*")),
                name="domain_confirmed_by_somebody",
            ),
            models.CheckConstraint(
                condition=models.Q(held_at__isnull=True, held_by_name="", hold_reason="")
                | (models.Q(held_at__isnull=False) & ~models.Q(held_by_name="") & ~models.Q(hold_reason="")),
                name="domain_held_by_somebody_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person's role in one organisation. Written by dmarcsite.people alone, with its audit entry."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=13, choices=[(role.value, role.value) for role in Role])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "organisation"], name="membership_once_per_organisation"),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in Role]), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} in {self.organisation_id}"
