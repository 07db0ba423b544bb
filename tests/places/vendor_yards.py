"""Yards of the services that only their vendors run: see tests.places.vendor_apis."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from reports.models import Mailbox, Organisation, SignIn
from reports.sealing import Purpose, seal
from tests.places.vendor_apis import Account, Mail, VendorApis
from tests.places.yards import HANDLED, REFUSED
from tests.reports.stored import NOW


class _VendorYard:
    abilities = ("leave", "flag", "move")
    kind: str
    start: str
    """The id of the folder or label that is read."""

    def __init__(self, organisation: Organisation, *, apis: VendorApis) -> None:
        token, user = uuid4().hex, f"{uuid4().hex[:12]}@example.com"
        self.account = apis.accounts[token] = Account(user)
        self.account.places[self.start] = "Reports"
        settings: dict[str, Any] = {"username": user, "folder": "Reports", "client_id": "client-1"}
        settings["sign_in"] = {"graph": "microsoft365", "gmail": "google"}[self.kind]
        self.mailbox = Mailbox.objects.create(
            organisation=organisation, name=user, kind=self.kind, settings=settings, secret=b""
        )
        Mailbox.objects.filter(pk=self.mailbox.pk).update(due_at=NOW)
        SignIn.objects.create(
            mailbox=self.mailbox, refresh=seal(b"refresh", purpose=Purpose.SIGN_IN),
            access=seal(token.encode(), purpose=Purpose.SIGN_IN), access_until=timezone.now() + timedelta(hours=1),
        )  # fmt: skip

    def drop_first(self) -> None:
        del self.account.mails[next(iter(self.account.mails))]

    def number_anew(self) -> None:
        """Ids never change; other programs mark mails."""
        for mail in self.account.mails.values():
            mail.labels.add("by another program")


class GraphYard(_VendorYard):
    """A folder of Microsoft 365."""

    kind = "graph"
    start = "folder+1="

    def put(self, content: bytes) -> None:
        self.account.mails[self.account.new_id()] = Mail(content, self.start)

    def left(self) -> dict[str, list[tuple[bytes, str]]]:
        names = {"Reports": "", HANDLED: HANDLED, REFUSED: REFUSED}
        return {
            names[name]: sorted(
                (mail.content, " ".join(sorted(mail.labels)))
                for mail in self.account.mails.values()
                if mail.place == key
            )
            for key, name in self.account.places.items()
        }


class GmailYard(_VendorYard):
    """A label of a Gmail account."""

    kind = "gmail"
    start = "Label_start"

    def put(self, content: bytes) -> None:
        self.account.mails[f"{len(self.account.mails):016x}"] = Mail(content, "", {self.start, "UNREAD"})

    def left(self) -> dict[str, list[tuple[bytes, str]]]:
        names = {"Reports": "", HANDLED: HANDLED, REFUSED: REFUSED}
        return {
            names[name]: sorted(
                (mail.content, " ".join(sorted(mail.labels - {key})))
                for mail in self.account.mails.values()
                if key in mail.labels
            )
            for key, name in self.account.places.items()
        }
