"""What the ledger knows of the mails in a folder: which are entered, which got new UIDs, which wait to be acknowledged."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from reports.dto import Problem
from reports.ingest.ledger import to_json
from reports.models import Mailbox, Message
from reports.vocabulary import Channel, Outcome, Reason

REFUSED = (Outcome.REFUSED, Outcome.NOT_A_REPORT)
"""What the mailbox's action for refused mail is for; all other outcomes are handled mail."""


@dataclass(frozen=True, slots=True)
class MailLedger:
    """The entries of one mailbox in one folder under one UIDVALIDITY (RFC 9051 section 2.3.1.1)."""

    mailbox: Mailbox
    uid_validity: int

    def new_among(self, uids: Iterable[int]) -> list[int]:
        """The UIDs that have no entry yet, ascending."""
        return sorted(set(uids) - set(self._entries.values_list("uid", flat=True)))

    @transaction.atomic
    def move_to_new_uids(self, fetched: Mapping[int, bytes]) -> set[int]:
        """Find mails that are entered under an earlier UIDVALIDITY, and move their entries to the new UIDs.

        After a change of UIDVALIDITY every mail looks new; by its bytes it is known again, and is neither entered nor
        counted a second time. Returns the UIDs found; they are to be acknowledged again.
        """
        earlier = self._in_folder.exclude(uid_validity=self.uid_validity)
        digests = {uid: hashlib.sha256(data).digest() for uid, data in fetched.items()}
        known: dict[bytes, list[int]] = defaultdict(list)
        entered = earlier.filter(raw__sha256__in=digests.values()).order_by("-pk")
        for digest, pk in entered.values_list("raw__sha256", "pk"):
            known[bytes(digest)].append(pk)
        found = {uid: known[digest].pop() for uid, digest in digests.items() if known[digest]}
        for uid, pk in found.items():
            Message.objects.filter(pk=pk).update(uid_validity=self.uid_validity, uid=uid, acknowledged_at=None)
        return set(found)

    def has_earlier_validity(self) -> bool:
        """Whether the folder was ever read under another UIDVALIDITY."""
        return self._in_folder.exclude(uid_validity=self.uid_validity).exists()

    def refuse_too_large(self, sizes: Mapping[int, int], *, limit: int, at: datetime) -> None:
        """Enter mails that are not even fetched, with the reason."""
        Message.objects.bulk_create(
            Message(
                organisation_id=self.mailbox.organisation_id,
                channel=Channel.IMAP,
                mailbox=self.mailbox,
                folder=self.mailbox.folder,
                uid_validity=self.uid_validity,
                uid=uid,
                received_at=at,
                read_at=at,
                outcome=Outcome.REFUSED,
                reason=Reason.TOO_LARGE,
                problems=[to_json(Problem(Reason.TOO_LARGE, (("size", str(size)), ("limit", str(limit)))))],
            )
            for uid, size in sorted(sizes.items())
        )

    def to_acknowledge(self) -> tuple[dict[int, int], dict[int, int]]:
        """UID -> message id of what was read and not yet acknowledged: (handled, refused)."""
        waiting = self._entries.filter(outcome__isnull=False, acknowledged_at__isnull=True)
        return _by_uid(waiting.exclude(outcome__in=REFUSED)), _by_uid(waiting.filter(outcome__in=REFUSED))

    def forget_unreachable(self, *, at: datetime) -> None:
        """Close the entries of mails that no UID leads to any more: they left the folder, or the mailbox reads another."""
        waiting = Message.objects.filter(mailbox=self.mailbox, outcome__isnull=False, acknowledged_at__isnull=True)
        waiting.exclude(folder=self.mailbox.folder, uid_validity=self.uid_validity).update(acknowledged_at=at)

    @property
    def _in_folder(self) -> QuerySet[Message]:
        return Message.objects.filter(mailbox=self.mailbox, folder=self.mailbox.folder)

    @property
    def _entries(self) -> QuerySet[Message]:
        return self._in_folder.filter(uid_validity=self.uid_validity)


def _by_uid(messages: QuerySet[Message]) -> dict[int, int]:
    return {uid: pk for uid, pk in messages.order_by("uid").values_list("uid", "pk") if uid is not None}
