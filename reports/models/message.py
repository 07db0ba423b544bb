"""The ledger: every message or file that came in, its bytes, and how it ended. Nothing leaves it unexplained."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from reports.models.mailbox import Mailbox
from reports.models.organisation import Organisation
from reports.vocabulary import Channel, Outcome, Reason, SenderCheck


class RawMessage(models.Model):
    """The bytes as they came, compressed and sealed (reports.sealing), kept once per organisation by their SHA-256.

    They lie in `sealed`, or in an object of the bucket that is named by organisation and hash; `object_key` is then the
    name of the key that sealed it, in hex. Read and written by reports.ingest.raw alone.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False)
    sha256 = models.BinaryField(max_length=32)
    size = models.PositiveIntegerField()
    sealed = models.BinaryField(null=True)
    object_key = models.CharField(max_length=8, null=True, blank=True)
    stored_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "sha256"], name="raw_message_once_per_organisation"),
            models.CheckConstraint(
                condition=models.Q(sealed__isnull=True, object_key__isnull=False)
                | models.Q(sealed__isnull=False, object_key__isnull=True),
                name="raw_message_in_one_place",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(object_key__isnull=False), name="raw_message_in_bucket"),
        ]

    def __str__(self) -> str:
        return bytes(self.sha256).hex()


class Message(models.Model):
    """One arrival. `outcome` is NULL between the commit of its raw bytes and the commit of what was read from them.

    `acknowledged_at` is when the mailbox was told (moved, flagged or deliberately left): always after the commit.
    Within a mailbox it is known by `folder`, `epoch` and `key` (reports.ingest.places.place; UIDVALIDITY and UID of IMAP).
    `problems` explains each part that was not used: a list of {"code", "params"} of reports.vocabulary.Reason.
    `claimed_at` is when a reader last took a message that another one left unread.
    The sender_ fields are written by reports.ingest.sender_checks alone, after reading: `sender_domain` is the From
    domain, `sender_by` who proves it (an authserv-id or a signing domain), `sender_due_at` when to ask, or ask again.
    """

    # A mail costs as much in indexes as in itself: none for a key with which another index begins. The one writer takes
    # the organisation of the bytes, which the database checks; to check it once more costs as much as an index.
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, db_index=False, db_constraint=False)
    raw = models.ForeignKey(RawMessage, on_delete=models.RESTRICT, null=True, blank=True, related_name="messages")
    channel = models.CharField(max_length=10, choices=[(channel.value, channel.value) for channel in Channel])
    mailbox = models.ForeignKey(Mailbox, on_delete=models.SET_NULL, null=True, blank=True, db_index=False)
    folder = models.CharField(max_length=254, blank=True)
    epoch = models.CharField(max_length=64, blank=True, default="", db_default="")
    key = models.CharField(max_length=1200, blank=True, default="", db_default="")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, db_index=False
    )
    filename = models.CharField(max_length=500, blank=True)
    subject = models.CharField(max_length=500, blank=True)
    sender = models.CharField(max_length=320, blank=True)
    received_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=12, choices=[(outcome.value, outcome.value) for outcome in Outcome], null=True, blank=True
    )
    reason = models.CharField(max_length=40, blank=True)
    problems = models.JSONField(default=list, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    sender_check = models.CharField(
        max_length=10,
        choices=[(check.value, check.value) for check in SenderCheck],
        default=SenderCheck.UNKNOWN.value,
        db_default=SenderCheck.UNKNOWN.value,
    )
    sender_reason = models.CharField(max_length=20, blank=True, default="", db_default="")
    sender_domain = models.CharField(max_length=253, blank=True, default="", db_default="")
    sender_by = models.CharField(max_length=253, blank=True, default="", db_default="")
    sender_checked_at = models.DateTimeField(null=True, blank=True)
    sender_due_at = models.DateTimeField(null=True, blank=True, db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "folder", "epoch", "key"],
                condition=models.Q(mailbox__isnull=False),
                name="message_once_per_key",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__isnull=True) | models.Q(outcome__in=[outcome.value for outcome in Outcome]),
                name="message_outcome_known",
            ),
            models.CheckConstraint(
                condition=models.Q(acknowledged_at__isnull=True) | models.Q(outcome__isnull=False),
                name="message_read_before_acknowledged",
            ),
            models.CheckConstraint(
                condition=models.Q(sender_check__in=[check.value for check in SenderCheck])
                & (~models.Q(sender_check=SenderCheck.VERIFIED.value) | ~models.Q(sender_domain="")),
                name="message_sender_check_known",
            ),
        ]
        indexes = [
            # With the outcome, so that a month is counted by outcomes without one look into the table.
            models.Index(fields=["organisation", "-received_at"], include=["outcome"], name="message_by_arrival"),
            models.Index(fields=["received_at"], condition=models.Q(outcome__isnull=True), name="message_unread"),
            models.Index(
                fields=["sender_due_at"], condition=models.Q(sender_due_at__isnull=False), name="message_sender_due"
            ),
            models.Index(
                fields=["organisation", "-received_at", "-id"],
                condition=models.Q(reason=Reason.READER_FAILED.value),
                name="message_parked",
            ),
            models.Index(
                fields=["organisation", "outcome", "-received_at", "-id"],
                # Few among those that brought reports: to look for them in the order of arrival would pass by nearly all.
                condition=models.Q(outcome__in=[outcome.value for outcome in Outcome if outcome != Outcome.STORED]),
                name="message_set_aside",
            ),
            models.Index(
                fields=["mailbox"],
                condition=models.Q(acknowledged_at__isnull=True, mailbox__isnull=False),
                name="message_unacknowledged",
            ),
            models.Index(
                fields=["uploaded_by"], condition=models.Q(uploaded_by__isnull=False), name="message_by_uploader"
            ),
        ]

    def __str__(self) -> str:
        return self.subject or self.filename or f"message {self.pk}"
