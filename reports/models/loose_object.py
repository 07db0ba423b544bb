"""Objects of the bucket that may be there though no row needs them."""

from __future__ import annotations

from django.db import models


class LooseObject(models.Model):
    """An object that is about to be put, or whose row has gone; from `due_at` on it may be deleted if no row names it.

    Written before an object is put (reports.ingest.raw.loose), and by a trigger where a RawMessage goes or its bytes
    move, so that whatever dies in between the database knows every object that it has ever put.
    """

    name = models.CharField(max_length=120, primary_key=True)
    due_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.name
