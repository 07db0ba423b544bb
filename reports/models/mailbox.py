"""A mailbox or other place in which reports arrive: how to reach it, what becomes of mail, how the last visit went."""

from __future__ import annotations

from django.db import models

from reports.models.organisation import Organisation


class Mailbox(models.Model):
    """A place to be read at an interval. `kind` is a PlaceKind, and says what `settings` hold (reports.ingest.places).

    `secret` is sealed (reports.sealing) and never leaves the server.
    """

    class Action(models.TextChoices):
        LEAVE = "leave"
        FLAG = "flag"
        MOVE = "move"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="mailboxes")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10, default="imap", db_default="imap")
    settings = models.JSONField(default=dict, blank=True)
    secret = models.BinaryField()
    handled_action = models.CharField(max_length=5, choices=Action.choices, default=Action.FLAG)
    handled_folder = models.CharField(max_length=254, blank=True)
    refused_action = models.CharField(max_length=5, choices=Action.choices, default=Action.LEAVE)
    refused_folder = models.CharField(max_length=254, blank=True)
    interval_minutes = models.PositiveSmallIntegerField(default=15)
    is_enabled = models.BooleanField(default=True)
    due_at = models.DateTimeField(auto_now_add=True, db_index=True)
    last_visit_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    error_detail = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name_plural = "mailboxes"
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name"], name="mailbox_name_once_per_organisation"),
            models.CheckConstraint(
                condition=models.Q(interval_minutes__gte=1), name="mailbox_interval_at_least_a_minute"
            ),
            models.CheckConstraint(
                condition=~models.Q(handled_action="move") | ~models.Q(handled_folder=""),
                name="mailbox_handled_folder_named",
            ),
            models.CheckConstraint(
                condition=~models.Q(refused_action="move") | ~models.Q(refused_folder=""),
                name="mailbox_refused_folder_named",
            ),
        ]

    def __str__(self) -> str:
        return self.name
