"""A key to the upload API: one organisation's, known by its SHA-256 alone, with a count that bounds how often it is used."""

from __future__ import annotations

from django.db import models

from reports.models.organisation import Organisation


class UploadToken(models.Model):
    """`minute` is the start of the minute in which `requests` were counted."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="upload_tokens")
    name = models.CharField(max_length=120)
    token_sha256 = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    minute = models.DateTimeField(null=True, blank=True)
    requests = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"],
                condition=models.Q(revoked_at__isnull=True),
                name="upload_token_name_once_per_organisation",
            ),
        ]

    def __str__(self) -> str:
        return self.name
