"""What was published to filter nodes, and the keys that sign it. Written by exceptions.publishing alone."""

from __future__ import annotations

from django.db import models


class SigningKey(models.Model):
    """An Ed25519 key of this installation. The newest one that is not retired signs; nodes are told the public half.

    `private` is sealed by reports.sealing; `public` is base64 of the 32 raw bytes, `key_id` 16 hex digits.
    """

    key_id = models.CharField(max_length=16, unique=True)
    public = models.CharField(max_length=44)
    private = models.BinaryField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.key_id


class Snapshot(models.Model):
    """One published policy of an organisation; its number only rises. Addressed to a node and signed when it is served.

    `document` is the policy as canonical JSON without its addressee. `mac` proves that this application wrote it under
    this number, so that a row that somebody put in by SQL is never signed.
    """

    organisation = models.ForeignKey("reports.Organisation", on_delete=models.CASCADE, related_name="+")
    number = models.PositiveBigIntegerField()
    document = models.BinaryField()
    mac = models.CharField(max_length=64)
    rules = models.PositiveIntegerField()
    generated_at = models.DateTimeField()
    valid_until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "number"], name="snapshot_number_once")]

    def __str__(self) -> str:
        return f"{self.organisation_id} number {self.number}"
