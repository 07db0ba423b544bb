"""The one log of who did what: append-only and hash-chained by the database itself (migration 0002)."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One act. Names are copied, and nothing refers to other tables: history outlives people and organisations.

    `previous_hash` and `hash` are set by a trigger, whatever the writer sends; UPDATE, DELETE and TRUNCATE are refused.
    """

    at = models.DateTimeField()
    organisation_id = models.BigIntegerField(null=True, blank=True)
    organisation_name = models.CharField(max_length=120, blank=True)
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor_name = models.CharField(max_length=320, blank=True)
    action = models.CharField(max_length=80)
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=80, blank=True)
    object_label = models.CharField(max_length=320, blank=True)
    data = models.JSONField(default=dict, blank=True)
    reason = models.TextField(blank=True)
    remote_address = models.GenericIPAddressField(null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["organisation_id", "-id"], name="audit_entry_by_organisation")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"
