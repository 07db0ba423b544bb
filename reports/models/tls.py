"""SMTP TLS reports (RFC 8460), by the RFC's names. All counts are sessions. Written by reports.ingest.store alone."""

from __future__ import annotations

from django.db import models

from reports.models.message import Message
from reports.models.organisation import Domain, Organisation


class TlsReport(models.Model):
    """One report. `identity` names it (who, which id, which period, which domains), `policies_hash` its content.

    Same identity and same content: the same report again, only `sightings` grows. Same identity with other content: both
    are kept, count, and are marked `is_conflicting`. `rejected` lists policies that could not be counted (position, code,
    text). `domain` is that of its first policy; each policy has its own.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE)
    message = models.ForeignKey(Message, on_delete=models.RESTRICT, related_name="tls_reports")
    payload_index = models.PositiveSmallIntegerField()
    identity = models.BinaryField(max_length=32)
    policies_hash = models.BinaryField(max_length=32)
    org_name = models.CharField(max_length=500, blank=True)
    contact_info = models.CharField(max_length=500, blank=True)
    report_id = models.CharField(max_length=500, blank=True)
    begin = models.DateTimeField()
    end = models.DateTimeField()
    day = models.DateField()
    total_successful_session_count = models.PositiveBigIntegerField()
    total_failure_session_count = models.PositiveBigIntegerField()
    rejected = models.JSONField(default=list, blank=True)
    repairs = models.JSONField(default=list, blank=True)
    sightings = models.PositiveIntegerField(default=1)
    is_conflicting = models.BooleanField(default=False)
    stored_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "day", "identity", "policies_hash"], name="tls_report_counted_once"
            ),
            models.CheckConstraint(condition=models.Q(begin__lte=models.F("end")), name="tls_report_begins_before_end"),
        ]
        indexes = [models.Index(fields=["organisation", "-begin", "-id"], name="tls_report_by_begin")]

    def __str__(self) -> str:
        return f"{self.org_name} {self.report_id}"


class TlsPolicy(models.Model):
    """A policy that a sender applied, and its sessions. `policy_domain` is as reported: the MX host for tlsa.

    `domain` is the one that it is filed under (reports.ingest.tls). `position` counts from 1.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False)
    report = models.ForeignKey(TlsReport, on_delete=models.CASCADE, db_index=False, related_name="policies")
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, db_index=False)
    day = models.DateField()
    position = models.PositiveSmallIntegerField()
    policy_type = models.CharField(max_length=60, blank=True)
    policy_domain = models.CharField(max_length=253, blank=True)
    policy_string = models.JSONField(default=list, blank=True)
    mx_host = models.JSONField(default=list, blank=True)
    total_successful_session_count = models.PositiveBigIntegerField()
    total_failure_session_count = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "position"], name="tls_policy_once")]
        indexes = [
            models.Index(fields=["organisation", "day", "domain"], name="tls_policy_by_day"),
            models.Index(fields=["domain", "day"], name="tls_policy_by_domain"),
        ]

    def __str__(self) -> str:
        return f"{self.policy_type} {self.policy_domain}"


class TlsFailure(models.Model):
    """Sessions of a policy that failed in one way. The counts of a policy need not add up to its total (section 4.4)."""

    policy = models.ForeignKey(TlsPolicy, on_delete=models.CASCADE, related_name="failures")
    result_type = models.CharField(max_length=60, blank=True)
    failed_session_count = models.PositiveBigIntegerField()
    sending_mta_ip = models.GenericIPAddressField(null=True, blank=True)
    receiving_mx_hostname = models.CharField(max_length=320, blank=True)
    receiving_mx_helo = models.CharField(max_length=320, blank=True)
    receiving_ip = models.GenericIPAddressField(null=True, blank=True)
    additional_information = models.CharField(max_length=500, blank=True)
    failure_reason_code = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"{self.result_type} x{self.failed_session_count}"


class TlsEndpoint(models.Model):
    """An address at which reporters may POST TLS reports of one domain (RFC 8460 section 5.4).

    The secret in its path is known by its SHA-256 alone. `minute` is the start of the minute in which `requests` were
    counted.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="tls_endpoints")
    secret_sha256 = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    created_by_name = models.CharField(max_length=320)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    minute = models.DateTimeField(null=True, blank=True)
    requests = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(revoked_at__isnull=True) | models.Q(revoked_at__gte=models.F("created_at")),
                name="tls_endpoint_revoked_after_created",
            ),
        ]

    def __str__(self) -> str:
        return f"endpoint {self.pk} of {self.domain_id}"
