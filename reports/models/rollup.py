"""Daily sums for the pages, kept by (organisation, domain, day) buckets: what their rows say (reports.rollups)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from reports.models.organisation import Domain, Organisation
from reports.models.source import Source


class SourceDay(models.Model):
    """Messages of one source with one From domain on one UTC day, in one lens. All figures are messages.

    `unaligned` passed SPF or DKIM for another domain; `nothing` passed neither. Together they are the failing ones.
    """

    pk = models.CompositePrimaryKey("organisation", "day", "domain", "lens", "source", "header_from", "verdict")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    day = models.DateField()
    lens = models.CharField(max_length=9)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    header_from = models.CharField(max_length=320)
    verdict = models.CharField(max_length=10)
    messages = models.PositiveBigIntegerField()
    aligned = models.PositiveBigIntegerField()
    dkim_aligned = models.PositiveBigIntegerField()
    spf_aligned = models.PositiveBigIntegerField()
    unaligned = models.PositiveBigIntegerField()
    nothing = models.PositiveBigIntegerField()
    quarantined = models.PositiveBigIntegerField()
    rejected = models.PositiveBigIntegerField()
    excepted = models.PositiveBigIntegerField()
    reporters = ArrayField(models.CharField(max_length=500))

    class Meta:
        indexes = [
            models.Index(fields=["source", "day"], name="source_day_by_source"),
            models.Index(
                fields=["organisation", "day", "domain"],
                # So that the failing sources of a month are found without one look into the table.
                include=["lens", "source", "verdict", "messages", "aligned"],
                condition=models.Q(messages__gt=models.F("aligned")),
                name="source_day_failing_sums",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.source_id} {self.header_from}"


class RollupCheck(models.Model):
    """One comparison of the sums with what they are made of: how many buckets, and how many of them differed."""

    checked_at = models.DateTimeField(db_index=True)
    buckets = models.PositiveIntegerField()
    differing = models.PositiveIntegerField()
    repaired = models.PositiveIntegerField()
    duration = models.DurationField()

    def __str__(self) -> str:
        return f"{self.checked_at:%Y-%m-%d %H:%M} {self.differing} of {self.buckets}"


class DomainDay(models.Model):
    """Messages of one domain on one UTC day, in one lens, by verdict, without the sources. All figures are messages."""

    pk = models.CompositePrimaryKey("organisation", "day", "domain", "lens", "verdict")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    day = models.DateField()
    lens = models.CharField(max_length=9)
    verdict = models.CharField(max_length=10)
    messages = models.PositiveBigIntegerField()
    aligned = models.PositiveBigIntegerField()
    dkim_aligned = models.PositiveBigIntegerField()
    spf_aligned = models.PositiveBigIntegerField()
    quarantined = models.PositiveBigIntegerField()
    rejected = models.PositiveBigIntegerField()
    excepted = models.PositiveBigIntegerField()

    class Meta:
        indexes = [
            # So that all that was ever reported of each domain is added up from the index alone.
            models.Index(fields=["domain", "day"], include=["organisation", "messages"], name="domain_day_by_domain")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.domain_id} {self.lens} {self.verdict}"
