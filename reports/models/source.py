"""A sending address as the reports show it, and what somebody decided about it for a domain."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from reports.models.organisation import Domain, Organisation


class Source(models.Model):
    """One sending IP address of one organisation's reports."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    address = models.GenericIPAddressField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "address"], name="source_once_per_organisation")]

    def __str__(self) -> str:
        return self.address


class Decision(models.Model):
    """What was decided about a source for one From domain, as a plain row that report pages can read.

    `reference` is how the deciding side calls it (an exception rule's id); this side never asks further.
    """

    class Kind(models.TextChoices):
        EXCEPTED = "excepted"
        REQUESTED = "requested"
        FIX = "fix"
        IGNORED = "ignored"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="decisions")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    reference = models.CharField(max_length=40)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    decided_by_name = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "domain", "source", "reference"], name="decision_once_per_reference"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"
