"""Failure reports (RFC 6591, RFC 9991). The sample is personal data: sealed, and shown masked unless revealed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from reports.models.message import Message
from reports.models.organisation import Domain, Organisation


class FailureReport(models.Model):
    """One failure report; `incidents` is how many failures it stands for.

    `details` (sealed JSON) and `sample` (sealed bytes) hold whatever names a person: addresses, subject, headers.
    The plain columns hold domains and results only. `identity_alignment` lists the mechanisms that FAILED to align.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE)
    message = models.ForeignKey(Message, on_delete=models.RESTRICT, related_name="failure_reports")
    payload_index = models.PositiveSmallIntegerField()
    identity = models.BinaryField(max_length=32)
    day = models.DateField()
    arrived_at = models.DateTimeField()
    reporter = models.CharField(max_length=320, blank=True)
    source_ip = models.GenericIPAddressField(null=True, blank=True)
    header_from = models.CharField(max_length=320, blank=True)
    envelope_domain = models.CharField(max_length=320, blank=True)
    auth_failure = models.JSONField(default=list, blank=True)
    identity_alignment = models.JSONField(default=list, blank=True)
    delivery_result = models.CharField(max_length=40, blank=True)
    dkim_domain = models.CharField(max_length=320, blank=True)
    incidents = models.PositiveIntegerField(default=1)
    headers_only = models.BooleanField(default=False)
    details = models.BinaryField()
    sample = models.BinaryField()
    repairs = models.JSONField(default=list, blank=True)
    sightings = models.PositiveIntegerField(default=1)
    stored_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "day", "identity"], name="failure_report_counted_once"),
        ]
        indexes = [
            models.Index(fields=["organisation", "-arrived_at", "-id"], name="failure_report_by_arrival"),
            models.Index(fields=["message"], name="failure_report_by_message"),
        ]

    def __str__(self) -> str:
        return f"{self.reporter} {self.arrived_at:%Y-%m-%d}"
