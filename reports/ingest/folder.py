"""The folder of a logged-in IMAP connection: lists, fetches without marking as read, and acknowledges.

Together with `reports.ingest.imap` the only code that speaks IMAP. Never deletes what it has not copied.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError

from reports.errors import MailboxError, MailboxMisconfigured
from reports.vocabulary import MailboxFault

SEQUENCE_WINDOW = 50_000
"""imaplib refuses a line of more than a million bytes; that many UIDs stay below it."""
UID_WINDOW = 500
"""Servers refuse commands beyond some 8,000 bytes; that many UIDs stay below it."""
BATCH_BYTES = 8 << 20
"""So much mail is fetched at once, or one larger mail."""
HANDLED_KEYWORD = b"$SekimoriRead"
REFUSED_KEYWORD = b"$SekimoriRefused"
DETAIL_LENGTH = 300


@contextmanager
def speaking() -> Iterator[None]:
    """What can go wrong in a dialogue, as MailboxError."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise MailboxMisconfigured(MailboxFault.CERTIFICATE_UNTRUSTED, (("error", error.verify_message),)) from None
    except ssl.SSLError as error:
        raise MailboxError(MailboxFault.TLS_FAILED, detail(error)) from None
    except (imaplib.IMAP4.abort, OSError) as error:
        raise MailboxError(MailboxFault.CONNECTION_LOST, detail(error)) from None
    except IMAPClientError as error:
        raise MailboxError(MailboxFault.SERVER_REFUSED, detail(error)) from None


def detail(error: Exception) -> tuple[tuple[str, str], ...]:
    """What the other side said, bounded, as the parameter "error"."""
    return (("error", str(error)[:DETAIL_LENGTH]),)


class Folder:
    """The selected folder of a logged-in connection; made by `reports.ingest.imap.open_folder`."""

    def __init__(self, client: IMAPClient, answer: Mapping[bytes, Any]) -> None:
        self._client = client
        self._permanent_flags: Sequence[bytes] = answer.get(b"PERMANENTFLAGS", ())
        self.uid_validity: int = answer.get(b"UIDVALIDITY", 0)
        self.count: int = answer[b"EXISTS"]

    def uids(self) -> list[int]:
        """All UIDs in the folder, ascending."""
        found: list[int] = []
        with speaking():
            for low in range(1, self.count + 1, SEQUENCE_WINDOW):
                high = min(low + SEQUENCE_WINDOW - 1, self.count)
                found += self._client.search([f"{low}:{high}"])
        return sorted(found)

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """RFC822.SIZE in bytes of those messages that are still there."""
        found: dict[int, int] = {}
        with speaking():
            for window in _windows(uids):
                answer = self._client.fetch(window, ["RFC822.SIZE"])
                found |= {uid: int(data[b"RFC822.SIZE"]) for uid, data in answer.items() if b"RFC822.SIZE" in data}
        return found

    def fetch(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The bytes of those messages (UID_WINDOW at most) that are still there; BODY.PEEK leaves them unread."""
        with speaking():
            answer = self._client.fetch(uids, ["BODY.PEEK[]"])
        return {uid: data[b"BODY[]"] or b"" for uid, data in sorted(answer.items()) if b"BODY[]" in data}

    def flag_handled(self, uids: Sequence[int]) -> None:
        """Mark as read, with a keyword of ours where the server keeps keywords."""
        self._add_flags(uids, b"\\Seen", HANDLED_KEYWORD)

    def flag_refused(self, uids: Sequence[int]) -> None:
        """Mark as in need of attention, and leave unread."""
        self._add_flags(uids, b"\\Flagged", REFUSED_KEYWORD)

    def _add_flags(self, uids: Sequence[int], flag: bytes, keyword: bytes) -> None:
        keeps_keywords = b"\\*" in self._permanent_flags or keyword in self._permanent_flags
        with speaking():
            for window in _windows(uids):
                self._client.add_flags(window, [flag, keyword] if keeps_keywords else [flag], silent=True)

    def demand_move(self) -> None:
        """Raise MailboxMisconfigured where the server cannot move single messages: EXPUNGE alone would take others too."""
        with speaking():
            if not (self._client.has_capability("MOVE") or self._client.has_capability("UIDPLUS")):
                raise MailboxMisconfigured(MailboxFault.MOVE_UNSUPPORTED)

    def move(self, uids: Sequence[int], *, target: str) -> None:
        """Move to another folder, which is made where it is missing. UIDs that are gone already are passed over.

        Without MOVE (RFC 6851) it is COPY, \\Deleted and UID EXPUNGE (RFC 4315), where a broken connection in between can
        leave a second copy in the target, never a loss.
        """
        with speaking():
            if not self._client.folder_exists(target):
                self._client.create_folder(target)
            for window in _windows(uids):
                if self._client.has_capability("MOVE"):
                    self._client.move(window, target)
                else:
                    self._client.copy(window, target)
                    self._client.add_flags(window, [b"\\Deleted"], silent=True)
                    self._client.uid_expunge(window)


def _windows(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (uids[start : start + UID_WINDOW] for start in range(0, len(uids), UID_WINDOW))
