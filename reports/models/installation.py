"""What tells this installation from every other one. A backup holds it, so that a restored installation is the same one."""

from __future__ import annotations

import uuid

from django.db import models


class Installation(models.Model):
    """One row at most, made when it is first asked for (reports.ingest.raw.ownership)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    is_the_one = models.BooleanField(default=True, unique=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(is_the_one=True), name="installation_is_one")]

    def __str__(self) -> str:
        return str(self.id)
