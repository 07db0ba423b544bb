"""How a mailbox signs in where its provider wants OAuth 2.0 instead of a password."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from reports.models.mailbox import Mailbox


class SignIn(models.Model):
    """The tokens of one mailbox, and the sign-in that is under way. What is sealed (reports.sealing) never leaves the server.

    `refresh` is b"" until somebody has signed in. While a sign-in is under way, `pending` holds its secret (the device code,
    or state and verifier of a browser's way), `user_code` and `url` what the person needs, and `poll_at` when the provider may
    be asked next. `fault` is the MailboxFault that the last one ended with.
    """

    mailbox = models.OneToOneField(Mailbox, on_delete=models.CASCADE, related_name="sign_in")
    refresh = models.BinaryField(default=b"")
    access = models.BinaryField(default=b"")
    access_until = models.DateTimeField(null=True, blank=True)
    signed_in_at = models.DateTimeField(null=True, blank=True)
    signed_in_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    pending = models.BinaryField(default=b"")
    user_code = models.CharField(max_length=64, blank=True)
    url = models.CharField(max_length=500, blank=True)
    pending_until = models.DateTimeField(null=True, blank=True)
    poll_at = models.DateTimeField(null=True, blank=True)
    poll_seconds = models.PositiveSmallIntegerField(default=5)
    fault = models.CharField(max_length=40, blank=True)
    fault_detail = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return f"sign-in of mailbox {self.mailbox_id}"
