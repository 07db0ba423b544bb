"""What the ledger knows of the items in a place: which are entered, which got new keys, which wait to be acknowledged."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from reports.dto import Problem
from reports.ingest.ledger import to_json
from reports.ingest.places.place import Mark
from reports.models import Mailbox, Message
from reports.vocabulary import Channel, Outcome, Reason

REFUSED = (Outcome.REFUSED, Outcome.NOT_A_REPORT)
"""What the mailbox's action for refused mail is for; all other outcomes are handled mail."""


@dataclass(frozen=True, slots=True)
class MailLedger:
    """The entries of one mailbox in one folder and epoch of its place."""

    mailbox: Mailbox
    folder: str
    epoch: str

    def new_among(self, keys: Sequence[str]) -> list[str]:
        """The keys that have no entry yet, in their order."""
        known = set(self._entries.filter(key__in=keys).values_list("key", flat=True))
        return [key for key in keys if key not in known]

    @transaction.atomic
    def move_to_new_keys(self, fetched: Mapping[str, bytes]) -> set[str]:
        """Find items that are entered under an earlier epoch, and move their entries to the new keys.

        After a change of epoch every item looks new; by its bytes it is known again, and is neither entered nor
        counted a second time. Returns the keys found; they are to be acknowledged again.
        """
        earlier = self._in_folder.exclude(epoch=self.epoch)
        digests = {key: hashlib.sha256(data).digest() for key, data in fetched.items()}
        known: dict[bytes, list[int]] = defaultdict(list)
        entered = earlier.filter(raw__sha256__in=digests.values()).order_by("-pk")
        for digest, pk in entered.values_list("raw__sha256", "pk"):
            known[bytes(digest)].append(pk)
        found = {key: known[digest].pop() for key, digest in digests.items() if known[digest]}
        for key, pk in found.items():
            Message.objects.filter(pk=pk).update(epoch=self.epoch, key=key, acknowledged_at=None)
        return set(found)

    def has_earlier_epoch(self) -> bool:
        """Whether the folder was ever read in another epoch."""
        return self._in_folder.exclude(epoch=self.epoch).exists()

    def refuse_too_large(self, sizes: Mapping[str, int], *, limit: int, at: datetime) -> list[int]:
        """Enter items that are not even fetched, with the reason; returns the message ids."""
        entered = Message.objects.bulk_create(
            Message(
                organisation_id=self.mailbox.organisation_id,
                channel=Channel(self.mailbox.kind),
                mailbox=self.mailbox,
                folder=self.folder,
                epoch=self.epoch,
                key=key,
                received_at=at,
                read_at=at,
                outcome=Outcome.REFUSED,
                reason=Reason.TOO_LARGE,
                problems=[to_json(Problem(Reason.TOO_LARGE, (("size", str(size)), ("limit", str(limit)))))],
            )
            for key, size in sizes.items()
        )
        return [message.pk for message in entered]

    def to_acknowledge(self) -> dict[Mark, dict[str, int]]:
        """Key -> message id of what was read and not yet acknowledged."""
        waiting = self._entries.filter(outcome__isnull=False, acknowledged_at__isnull=True).order_by("pk")
        return {
            Mark.HANDLED: dict(waiting.exclude(outcome__in=REFUSED).values_list("key", "pk")),
            Mark.REFUSED: dict(waiting.filter(outcome__in=REFUSED).values_list("key", "pk")),
        }

    def forget_unreachable(self, *, at: datetime) -> None:
        """Close the entries of items that no key leads to any more: the epoch is over, or the mailbox reads another folder."""
        waiting = Message.objects.filter(mailbox=self.mailbox, outcome__isnull=False, acknowledged_at__isnull=True)
        waiting.exclude(folder=self.folder, epoch=self.epoch).update(acknowledged_at=at)

    @property
    def _in_folder(self) -> QuerySet[Message]:
        return Message.objects.filter(mailbox=self.mailbox, folder=self.folder)

    @property
    def _entries(self) -> QuerySet[Message]:
        return self._in_folder.filter(epoch=self.epoch)
