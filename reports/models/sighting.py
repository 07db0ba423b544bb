"""Which further mails brought a report that was stored already. Written where reports are."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from reports.models.aggregate import AggregateReport
from reports.models.failure import FailureReport
from reports.models.message import Message
from reports.models.organisation import Organisation
from reports.models.tls import TlsReport


class Sighting(models.Model):
    """One payload of a message that was a known report again; the first one stands with the report itself.

    So the mails of a report are told apart by who sent them, and a message can be read again without guessing. `filename`
    is what this mail called the file of an aggregate report.
    """

    pk = models.CompositePrimaryKey("organisation", "message", "payload_index")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="sightings")
    payload_index = models.PositiveSmallIntegerField()
    aggregate = models.ForeignKey(AggregateReport, on_delete=models.CASCADE, null=True, blank=True, db_index=False)
    failure = models.ForeignKey(FailureReport, on_delete=models.CASCADE, null=True, blank=True, db_index=False)
    tls = models.ForeignKey(TlsReport, on_delete=models.CASCADE, null=True, blank=True, db_index=False)
    filename = models.CharField(max_length=250, blank=True, default="", db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["aggregate"], condition=Q(aggregate__isnull=False), name="sighting_by_aggregate"),
            models.Index(fields=["failure"], condition=Q(failure__isnull=False), name="sighting_by_failure"),
            models.Index(fields=["tls"], condition=Q(tls__isnull=False), name="sighting_by_tls"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(aggregate__isnull=False, failure__isnull=True, tls__isnull=True)
                | Q(aggregate__isnull=True, failure__isnull=False, tls__isnull=True)
                | Q(aggregate__isnull=True, failure__isnull=True, tls__isnull=False),
                name="sighting_of_one_report",
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.message_id}, payload {self.payload_index}"
