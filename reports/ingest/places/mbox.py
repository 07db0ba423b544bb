"""An mbox file that another program writes: read, never written. Its rotated predecessor (NAME.1) is read with it.

The key is the hash of a mail with its From_ line, so that it stays when mails before it are removed or the file is rotated,
and "-2", "-3" and so on for further copies in one file.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO

from reports.errors import MailboxError
from reports.ingest.extraction import mbox_ranges, split_mbox
from reports.ingest.places.local import accessing, open_file
from reports.ingest.places.place import LISTED_TOGETHER, Fetched, Mark
from reports.models import Mailbox
from reports.vocabulary import MailboxFault

STALE_SECONDS = 3600
"""A lock file so old was left by a program that died."""
_DIGEST_BYTES = 32


class Mbox:
    """`reports.ingest.places.place.Place` over a file in an opened directory. Mails can be left only."""

    epoch = ""

    def __init__(self, directory: int, name: str, path: str) -> None:
        self.folder = path
        self._directory = directory
        self._path = path
        self._names = (f"{name}.1", name)
        self._name = name
        self._window: dict[str, tuple[str, int, int]] = {}

    def count(self) -> int:
        """How many mails the file holds; 0 while there is none, as between a rotation and the next mail."""
        return sum(len(_Table(self._directory, name)) for name in self._names)

    def windows(self) -> Iterator[list[str]]:
        """In the order of the file. Other programs are kept from writing while it is scanned, and only then."""
        with accessing(self._path):
            tables = [_Table(self._directory, name) for name in self._names]
        for table in tables:
            for start in range(0, len(table), LISTED_TOGETHER):
                self._window = table.window(start)
                yield list(self._window)

    def sizes(self, keys: Sequence[str]) -> dict[str, int]:
        """Without the From_ line it is a few bytes less."""
        return {key: self._window[key][2] for key in keys if key in self._window}

    def fetch(self, keys: Sequence[str]) -> Fetched:
        """What does not lie any more where the scan found it is passed over; the next visit finds it."""
        fetched = Fetched()
        with accessing(self._path):
            for key in keys:
                name, start, length = self._window[key]
                try:
                    descriptor = open_file(name, directory=self._directory)
                except FileNotFoundError:
                    continue
                try:
                    data = os.pread(descriptor, length, start)
                finally:
                    os.close(descriptor)
                if hashlib.sha256(data).hexdigest() == key.partition("-")[0]:
                    fetched.mails[key] = next(split_mbox(BytesIO(data)), b"")
        return fetched

    def demand(self, action: Mailbox.Action) -> None:
        """The form offers nothing else than leaving."""

    def acknowledge(self, keys: Sequence[str], mark: Mark, *, action: Mailbox.Action, target: str) -> None:
        """The file belongs to other programs."""


class _Table:
    """Where the mails of one file lie, in so few bytes that hundreds of thousands are no burden."""

    def __init__(self, directory: int, name: str) -> None:
        self._name = name
        self._starts, self._lengths, self._copies = array("Q"), array("Q"), array("L")
        self._digests = bytearray()
        try:
            descriptor = open_file(name, directory=directory)
        except FileNotFoundError:
            return
        with os.fdopen(descriptor, "rb") as file, _locked(descriptor, name, directory=directory):
            seen: Counter[int] = Counter()
            for start, length, digest in mbox_ranges(file):
                short = int.from_bytes(digest[:8], "big")
                seen[short] += 1
                self._starts.append(start)
                self._lengths.append(length)
                self._copies.append(seen[short])
                self._digests += digest

    def __len__(self) -> int:
        return len(self._starts)

    def window(self, first: int) -> dict[str, tuple[str, int, int]]:
        """Key -> (name, start, length) of LISTED_TOGETHER mails."""
        places = range(first, min(first + LISTED_TOGETHER, len(self)))
        return {self._key(place): (self._name, self._starts[place], self._lengths[place]) for place in places}

    def _key(self, place: int) -> str:
        digest = self._digests[place * _DIGEST_BYTES : (place + 1) * _DIGEST_BYTES].hex()
        return digest if self._copies[place] == 1 else f"{digest}-{self._copies[place]}"


@contextmanager
def _locked(descriptor: int, name: str, *, directory: int) -> Iterator[None]:
    """Both locks that programs which deliver mail honour: fcntl, and NAME.lock where this directory may be written to."""
    lock = f"{name}.lock"
    is_ours = _make_lock(lock, directory=directory)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            raise MailboxError(MailboxFault.FILE_LOCKED, (("error", error.strerror or ""),)) from None
        yield
    finally:
        if is_ours:
            with suppress(FileNotFoundError):  # whoever took it for stale has removed it
                os.unlink(lock, dir_fd=directory)


def _make_lock(lock: str, *, directory: int) -> bool:
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600, dir_fd=directory))
    except FileExistsError:
        if not _is_stale(lock, directory=directory):
            raise MailboxError(MailboxFault.FILE_LOCKED, (("lock", lock),)) from None
        return False
    except OSError:  # a directory that may only be read: what writes there by fcntl is still kept out
        return False
    return True


def _is_stale(lock: str, *, directory: int) -> bool:
    """Whether whoever made the lock has died. One that is gone by now was not."""
    try:
        made_at = os.stat(lock, dir_fd=directory, follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return False
    return time.time() - made_at >= STALE_SECONDS
