"""The folder of a logged-in IMAP connection: lists, fetches without marking as read, and acknowledges.

Epoch is UIDVALIDITY, key is the UID (RFC 9051 section 2.3.1.1). Never deletes what it has not copied.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from threading import Event
from typing import Any
from uuid import uuid4

from imapclient import IMAPClient

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest.places.imap_client import speaking
from reports.ingest.places.place import FETCHED_TOGETHER, LISTED_TOGETHER, Fetched, Mark
from reports.models import Mailbox
from reports.vocabulary import MailboxFault

SEQUENCE_WINDOW = 50_000
"""imaplib refuses a line of more than a million bytes; that many UIDs stay below it."""
UID_WINDOW = FETCHED_TOGETHER
"""Servers refuse commands beyond some 8,000 bytes; that many UIDs stay below it."""
FLAGS = {Mark.HANDLED: (b"\\Seen", b"$SekimoriRead"), Mark.REFUSED: (b"\\Flagged", b"$SekimoriRefused")}
"""Handled mail is marked as read; refused mail as in need of attention, and left unread. Each with a keyword of ours."""
HEARD_SECONDS = 1.0
"""So long until somebody who waits for mail notices that they are to end."""


class ImapFolder:
    """The selected folder; made by `reports.ingest.places.imap.ImapWay`."""

    def __init__(self, client: IMAPClient, answer: Mapping[bytes, Any], *, name: str) -> None:
        self._client = client
        self._permanent_flags: Sequence[bytes] = answer.get(b"PERMANENTFLAGS", ())
        self.folder = name
        self.epoch = _epoch(answer)
        self.count: int = answer[b"EXISTS"]

    @property
    def can_notify(self) -> bool:
        """Whether the server tells of new mail by itself."""
        with speaking():
            return bool(self._client.has_capability("IDLE"))

    def wait_for_mail(self, *, seconds: float, ended: Event) -> bool:
        """Wait until the server tells of mail that was not there before (True), `seconds` are over, or `ended` is set."""
        with speaking():
            self._client.idle()
            try:
                for _ in range(max(int(seconds / HEARD_SECONDS), 1)):
                    heard = self._client.idle_check(timeout=HEARD_SECONDS)
                    if any(b"EXISTS" in answer for answer in heard if isinstance(answer, tuple)):
                        return True
                    if ended.is_set():
                        return False
            finally:
                self._client.idle_done()
        return False

    def windows(self) -> Iterator[list[str]]:
        """All UIDs, ascending. They are listed first of all: moving a mail gives others its sequence number."""
        found = array("L")
        with speaking():
            for low in range(1, self.count + 1, SEQUENCE_WINDOW):
                high = min(low + SEQUENCE_WINDOW - 1, self.count)
                found.extend(sorted(self._client.search([f"{low}:{high}"])))
        for start in range(0, len(found), LISTED_TOGETHER):
            yield [str(uid) for uid in found[start : start + LISTED_TOGETHER]]

    def sizes(self, keys: Sequence[str]) -> dict[str, int]:
        """RFC822.SIZE."""
        found: dict[str, int] = {}
        with speaking():
            for window in _windows(keys):
                answer = self._client.fetch(window, ["RFC822.SIZE"])
                found |= {str(uid): int(data[b"RFC822.SIZE"]) for uid, data in answer.items() if b"RFC822.SIZE" in data}
        return found

    def fetch(self, keys: Sequence[str]) -> Fetched:
        """BODY.PEEK leaves mails unread. Where the server refuses some together, each is asked for alone."""
        try:
            return self._bodies(keys)
        except MailboxError as error:
            if error.code != MailboxFault.SERVER_REFUSED:
                raise
        fetched = Fetched()
        for key in keys:
            try:
                alone = self._bodies([key])
                fetched.mails.update(alone.mails)
                fetched.unreadable.update(alone.unreadable)
            except MailboxError as error:
                if error.code != MailboxFault.SERVER_REFUSED:
                    raise
                fetched.unreadable[key] = dict(error.params)["error"]
        return fetched

    def _bodies(self, keys: Sequence[str]) -> Fetched:
        """Of what is answered only what was asked for: servers tell of other mails in between, and of some without a body."""
        with speaking():
            answer = self._client.fetch([int(key) for key in keys], ["BODY.PEEK[]"])
        told = {str(uid): data[b"BODY[]"] for uid, data in sorted(answer.items()) if b"BODY[]" in data}
        wanted = set(keys)
        return Fetched(
            {key: body for key, body in told.items() if key in wanted and isinstance(body, bytes)},
            {key: "BODY[] NIL" for key, body in told.items() if key in wanted and body is None},
        )

    def demand(self, action: Mailbox.Action) -> None:
        """Raise MailboxMisconfigured where the server cannot move single messages: EXPUNGE alone would take others too."""
        with speaking():
            moves = self._client.has_capability("MOVE") or self._client.has_capability("UIDPLUS")
            if action == Mailbox.Action.MOVE and not moves:
                raise MailboxMisconfigured(MailboxFault.MOVE_UNSUPPORTED)

    def acknowledge(self, keys: Sequence[str], mark: Mark, *, action: Mailbox.Action, target: str) -> None:
        """See `Place`."""
        if action == Mailbox.Action.MOVE:
            self._move(keys, target=target)
        elif action == Mailbox.Action.FLAG:
            self._flag(keys, mark)

    def _flag(self, keys: Sequence[str], mark: Mark) -> None:
        flag, keyword = FLAGS[mark]
        keeps_keywords = b"\\*" in self._permanent_flags or keyword in self._permanent_flags
        with speaking():
            for window in _windows(keys):
                self._client.add_flags(window, [flag, keyword] if keeps_keywords else [flag], silent=True)

    def _move(self, keys: Sequence[str], *, target: str) -> None:
        """Without MOVE (RFC 6851) it is COPY, \\Deleted and UID EXPUNGE (RFC 4315), where a broken connection in between
        can leave a second copy in the target, never a loss.
        """
        with speaking():
            target = self._made(target)
            for window in _windows(keys):
                if self._client.has_capability("MOVE"):
                    self._client.move(window, target)
                else:
                    self._client.copy(window, target)
                    self._client.add_flags(window, [b"\\Deleted"], silent=True)
                    self._client.uid_expunge(window)

    def _made(self, target: str) -> str:
        """The folder as the server names it, made where it is missing; in the personal namespace (RFC 2342)."""
        if self._client.folder_exists(target):
            return target
        personal = self._client.namespace().personal if self._client.has_capability("NAMESPACE") else None
        prefix = str(personal[0][0]) if personal else ""
        if prefix and not target.startswith(prefix):
            target = prefix + target
            if self._client.folder_exists(target):
                return target
        self._client.create_folder(target)
        return target


def _epoch(answer: Mapping[bytes, Any]) -> str:
    """UIDVALIDITY. Without one, or where UIDs do not last (RFC 4315), they hold for this session alone: mails are known by bytes."""
    validity = answer.get(b"UIDVALIDITY", 0)
    return f"session {uuid4().hex}" if not validity or b"UIDNOTSTICKY" in answer else str(validity)


def _windows(keys: Sequence[str]) -> Iterator[list[int]]:
    return ([int(key) for key in keys[start : start + UID_WINDOW]] for start in range(0, len(keys), UID_WINDOW))
