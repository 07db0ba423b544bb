"""Aggregate reports (RFC 7489, RFC 9990) and their rows. Written by reports.ingest.store alone."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import GreaterThan

from reports.models.message import Message
from reports.models.organisation import Domain, Organisation
from reports.models.source import Source
from reports.vocabulary import Lens

LONG = timedelta(hours=27)
"""Reports cover a day; local days are up to 25 hours long, and some reporters add a little."""


def is_long(report: str = "") -> Q:
    """Reports over several days, as the index `aggregate_report_long` has them; `report` is a path that ends in "__"."""
    return Q(GreaterThan(F(f"{report}end") - F(f"{report}begin"), LONG))


class AggregateReport(models.Model):
    """One report. `identity` names it (who, which id, which period), `rows_hash` its content.

    Same identity and same rows: the same report again, only `sightings` grows. Same identity with other rows: both are
    kept and marked `is_conflicting`, since reporters do reuse ids for reports that differ. Where not `is_counted`, it is
    kept and shown, and adds to no sum; `superseded_by` says why (reports.ingest.superseding). Whoever deletes a report
    deletes its rows: a trigger of the table sees to that. `filename` is what `message` called the file, without its
    endings; other mails may call it otherwise (reports.models.sighting).
    `proven_by` is a later mail with the same report that was proven better than `message`. What `is_secondhand` was rebuilt
    from parsedmarc's output, and gives way to the true report (reports.ingest.secondhand). `extensions` are the elements
    beside those of the RFCs, [{"record", "place", "xml"}] with record 0 for the report itself; None where there are none.
    """

    # That of the domain, which the database checks.
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, db_index=False)
    message = models.ForeignKey(Message, on_delete=models.RESTRICT, db_index=False, related_name="aggregate_reports")
    payload_index = models.PositiveSmallIntegerField()
    identity = models.BinaryField(max_length=32)
    rows_hash = models.BinaryField(max_length=32)
    org_name = models.CharField(max_length=500)
    email = models.CharField(max_length=500, blank=True)
    report_id = models.CharField(max_length=500, blank=True)
    begin = models.DateTimeField()
    end = models.DateTimeField()
    day = models.DateField()
    policy = models.JSONField()
    extra_contact_info = models.TextField(blank=True)
    errors = models.JSONField(default=list, blank=True)
    generator = models.CharField(max_length=500, blank=True)
    version = models.CharField(max_length=500, blank=True)
    namespace = models.CharField(max_length=500, blank=True)
    rows = models.PositiveIntegerField()
    messages = models.PositiveBigIntegerField()
    failing = models.PositiveBigIntegerField()
    rows_dropped = models.PositiveIntegerField(default=0)
    repairs = models.JSONField(default=list, blank=True)
    extensions = models.JSONField(null=True, blank=True)
    sightings = models.PositiveIntegerField(default=1)
    is_conflicting = models.BooleanField(default=False)
    is_counted = models.BooleanField(default=True, db_default=True)
    is_secondhand = models.BooleanField(default=False, db_default=False)
    filename = models.CharField(max_length=250, blank=True, default="", db_default="")
    superseded_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, db_index=False, related_name="superseded"
    )
    proven_by = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, blank=True, db_index=False, related_name="reports_proven"
    )
    stored_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "day", "identity", "rows_hash"], name="aggregate_report_counted_once"
            ),
            models.CheckConstraint(
                condition=Q(superseded_by__isnull=True) | Q(is_counted=False),
                name="aggregate_report_superseded_not_counted",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "-begin", "-id"],
                # So that those with the most failures are found without one look into the table.
                include=["failing"],
                name="aggregate_report_by_begin",
            ),
            models.Index(fields=["domain", "-begin"], name="aggregate_report_by_domain"),
            models.Index(fields=["message"], name="aggregate_report_by_message"),
            models.Index(fields=["organisation"], condition=Q(is_counted=False), name="aggregate_report_not_counted"),
            models.Index(fields=["organisation", "begin"], condition=is_long(), name="aggregate_report_long"),
            models.Index(
                fields=["organisation", "begin"], condition=Q(is_secondhand=True), name="aggregate_report_secondhand"
            ),
            models.Index(
                fields=["superseded_by"], condition=Q(superseded_by__isnull=False), name="aggregate_report_superseded"
            ),
            models.Index(fields=["proven_by"], condition=Q(proven_by__isnull=False), name="aggregate_report_proven_by"),
        ]

    def __str__(self) -> str:
        return f"{self.org_name} {self.report_id}"


class AggregateRow(models.Model):
    """One RFC record, as sent: counts are whole, never spread over days.

    `day` is the UTC day of the middle of the report's period; the table is partitioned by its month (reports.partitions).
    `dkim` and `spf` are the reporter's aligned verdicts; `dkim_results` ([{"domain", "selector", "result",
    "human_result"}]) and `spf_results` ([{"domain", "scope", "result", "human_result"}]) the raw ones, `reasons` are
    [{"type", "comment"}]. `has_raw_pass`: some raw result is a pass, for whatever domain.
    """

    # In this order the key also finds the rows of one bucket, of one report and of one domain over time.
    pk = models.CompositePrimaryKey("organisation", "domain", "day", "report", "position")
    # No foreign key is checked row by row: each check costs 2.7 µs beside the 4 µs of loading the row, and one on the
    # report would make every dropped month wait for whoever writes. The one writer loads a report and its rows together.
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    day = models.DateField()
    report = models.ForeignKey(
        AggregateReport, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False, related_name="report_rows"
    )
    position = models.PositiveIntegerField()
    source = models.ForeignKey(Source, on_delete=models.RESTRICT, db_index=False, db_constraint=False)
    source_ip = models.GenericIPAddressField()
    count = models.PositiveBigIntegerField()
    lens = models.CharField(max_length=9, choices=[(lens.value, lens.value) for lens in Lens])
    verdict = models.CharField(max_length=10)
    disposition = models.CharField(max_length=64, blank=True)
    dkim = models.CharField(max_length=20, blank=True)
    spf = models.CharField(max_length=20, blank=True)
    is_aligned = models.BooleanField()
    has_raw_pass = models.BooleanField()
    header_from = models.CharField(max_length=320, blank=True)
    envelope_from = models.CharField(max_length=320, null=True, blank=True)
    envelope_to = models.CharField(max_length=320, null=True, blank=True)
    reasons = models.JSONField(default=list, blank=True)
    dkim_results = models.JSONField(default=list, blank=True)
    spf_results = models.JSONField(default=list, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["source", "day"], name="aggregate_row_by_source"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_aligned=Q(dkim="pass") | Q(spf="pass")), name="aggregate_row_alignment_agrees"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_ip} x{self.count}"


class RejectedRow(models.Model):
    """A record that could not be counted, kept beside its siblings with its text and the reason."""

    report = models.ForeignKey(AggregateReport, on_delete=models.CASCADE, related_name="rejected_rows")
    position = models.PositiveIntegerField()
    code = models.CharField(max_length=40)
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "position"], name="rejected_row_once")]
        ordering = [F("report"), F("position")]

    def __str__(self) -> str:
        return f"record {self.position}: {self.code}"
