"""A folder into which other programs put files of any kind: mails, XML, archives, mbox files. Not what lies below it.

The key is size, time of change and name: a file that is written anew is another item.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence

from django.conf import settings

from reports.errors import MailboxMisconfigured
from reports.ingest.places.local import accessing, key_of, move_file, name_of, read_file, subdirectory
from reports.ingest.places.mails import as_mails
from reports.ingest.places.place import LISTED_TOGETHER, Fetched, Mark
from reports.models import Mailbox
from reports.vocabulary import MailboxFault

UNFINISHED = (".partial", ".part", ".filepart", ".crdownload", ".tmp", ".swp", "~")
"""Names that programs give to files which they still write."""
SETTLED_SECONDS = 5
"""A file that changed within these may still be written to, whatever its name."""


class WatchedFolder:
    """`reports.ingest.places.place.Place` over an opened directory."""

    epoch = ""

    def __init__(self, directory: int, _name: str, path: str) -> None:
        self.folder = path
        self._directory = directory
        self._path = path

    def count(self) -> int:
        """How many files are ready to be read."""
        return len(self._keys())

    def windows(self) -> Iterator[list[str]]:
        """By time of change."""
        with accessing(self._path):
            keys = sorted(self._keys(), key=_changed)
        for start in range(0, len(keys), LISTED_TOGETHER):
            yield keys[start : start + LISTED_TOGETHER]

    def sizes(self, keys: Sequence[str]) -> dict[str, int]:
        """It stands in the key."""
        return {key: int(key.split(".", 1)[0]) for key in keys}

    def fetch(self, keys: Sequence[str]) -> Fetched:
        """A file that is not any more what its key says is passed over: it has another key now."""
        fetched = Fetched()
        for key in keys:
            name = _name(key)
            try:
                data, found = read_file(name, directory=self._directory, limit=settings.UPLOAD_LIMIT_BYTES)
            except FileNotFoundError:
                continue
            except OSError as error:
                fetched.unreadable[key] = error.strerror or str(error)
            else:
                if _key(name, found) == key:
                    fetched.mails.update(as_mails(key, data))
        return fetched

    def demand(self, action: Mailbox.Action) -> None:
        """Raise MailboxMisconfigured where files may be read only."""
        if action == Mailbox.Action.MOVE and not os.access(".", os.W_OK | os.X_OK, dir_fd=self._directory):
            raise MailboxMisconfigured(MailboxFault.FOLDER_READ_ONLY, (("path", self._path),))

    def acknowledge(self, keys: Sequence[str], mark: Mark, *, action: Mailbox.Action, target: str) -> None:
        """See `Place`. A name that is taken in `target` gets a number before it."""
        if action != Mailbox.Action.MOVE:
            return
        with accessing(self._path):
            goal = subdirectory(target, directory=self._directory, is_made=True)
            try:
                for key in keys:
                    name = _name(key)
                    if self._is_still(key, name):
                        move_file(name, source=self._directory, target=goal, new_name=name)
            finally:
                os.close(goal)

    def _is_still(self, key: str, name: str) -> bool:
        try:
            return _key(name, os.stat(name, dir_fd=self._directory, follow_symlinks=False)) == key
        except FileNotFoundError:
            return False

    def _keys(self) -> list[str]:
        now = time.time()
        keys = []
        with os.scandir(self._directory) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.endswith(UNFINISHED):
                    continue
                try:
                    if not entry.is_file(follow_symlinks=False):
                        continue
                    found = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if not 0 <= now - found.st_mtime < SETTLED_SECONDS:
                    keys.append(_key(entry.name, found))
        return keys


def _key(name: str, found: os.stat_result) -> str:
    return f"{found.st_size}.{found.st_mtime_ns}.{key_of(name)}"


def _name(key: str) -> str:
    return name_of(key.split(".", 2)[-1])


def _changed(key: str) -> tuple[int, str]:
    _, changed, name = key.split(".", 2)
    return int(changed), name
