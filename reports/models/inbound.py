"""What our own filter nodes are, run and saw: the evidence for mail that arrives here."""

from __future__ import annotations

from django.db import models

from reports.models.organisation import Domain, Organisation
from reports.models.source import Source


class Node(models.Model):
    """A mail host whose filter obeys the policy. It proves itself by a bearer token of which only the SHA-256 is kept.

    `live_number` is the policy number that the node says it enforces, `live_since` since when.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="nodes")
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    token_sha256 = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_contact_at = models.DateTimeField(null=True, blank=True)
    agent_version = models.CharField(max_length=40, blank=True)
    filter_version = models.CharField(max_length=80, blank=True)
    formats = models.JSONField(default=list, blank=True)
    live_number = models.PositiveBigIntegerField(null=True, blank=True)
    live_sha256 = models.CharField(max_length=64, blank=True)
    live_since = models.DateTimeField(null=True, blank=True)
    clock_skew_seconds = models.IntegerField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="node_name_once_per_organisation")]

    def __str__(self) -> str:
        return self.name


class InboundEvent(models.Model):
    """One failing message that a node judged, in full. `verdict` is the engine's, `action` the filter's final one.

    `rule_reference` is the exception rule that let it through, in the deciding side's words.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE)
    node = models.ForeignKey(Node, on_delete=models.CASCADE)
    day = models.DateField()
    event_id = models.CharField(max_length=100)
    at = models.DateTimeField()
    source = models.ForeignKey(Source, on_delete=models.RESTRICT)
    source_ip = models.GenericIPAddressField()
    header_from = models.CharField(max_length=320)
    envelope_domain = models.CharField(max_length=320, blank=True)
    recipients = models.BinaryField()
    recipient_count = models.PositiveIntegerField()
    helo = models.CharField(max_length=320, blank=True)
    ptr = models.CharField(max_length=320, blank=True)
    queue_id = models.CharField(max_length=80, blank=True)
    spf = models.CharField(max_length=20, blank=True)
    dkim = models.JSONField(default=list, blank=True)
    published = models.CharField(max_length=10, blank=True)
    mode = models.CharField(max_length=10, blank=True)
    verdict = models.CharField(max_length=10)
    would_be = models.CharField(max_length=10, blank=True)
    classification = models.CharField(max_length=10)
    rule_reference = models.CharField(max_length=40, blank=True)
    policy_number = models.PositiveBigIntegerField(null=True, blank=True)
    action = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "node", "day", "event_id"], name="inbound_event_once"),
        ]
        indexes = [
            models.Index(fields=["organisation", "domain", "day"], name="inbound_event_bucket"),
            models.Index(
                fields=["organisation", "rule_reference", "-at"],
                condition=~models.Q(rule_reference=""),
                name="inbound_event_by_rule",
            ),
            models.Index(fields=["source", "-at"], name="inbound_event_by_source"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.source_ip} {self.verdict}"


class PassCount(models.Model):
    """How many messages of one source and From domain a node saw pass DMARC in one hour; one batch counts once."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    domain = models.ForeignKey(Domain, on_delete=models.CASCADE)
    node = models.ForeignKey(Node, on_delete=models.CASCADE)
    day = models.DateField()
    hour = models.DateTimeField()
    batch = models.CharField(max_length=100)
    source = models.ForeignKey(Source, on_delete=models.RESTRICT)
    header_from = models.CharField(max_length=320)
    messages = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "node", "day", "batch", "hour", "source", "header_from"], name="pass_count_once"
            ),
        ]
        indexes = [models.Index(fields=["organisation", "domain", "day"], name="pass_count_bucket")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.header_from} {self.messages}"
