"""A Maildir: new and cur are read; mail gets flags in cur, or is moved to another folder of the same Maildir (Maildir++).

The key is the unique part of a file name, which stays when a mail program moves the file or changes its flags.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from django.conf import settings

from reports.errors import MailboxMisconfigured
from reports.ingest.places.local import accessing, key_of, move_file, read_file, subdirectory
from reports.ingest.places.place import LISTED_TOGETHER, Fetched, Mark
from reports.models import Mailbox
from reports.vocabulary import MailboxFault

FLAGS = {Mark.HANDLED: "S", Mark.REFUSED: "F"}
"""Seen, and flagged as in need of attention."""
_INFO = ":2,"


class Maildir:
    """`reports.ingest.places.place.Place` over an opened Maildir."""

    epoch = ""

    def __init__(self, directory: int, _name: str, path: str) -> None:
        self.folder = path
        self._directory = directory
        self._path = path
        self._files: dict[str, tuple[str, str]] = {}
        for part in ("new", "cur"):
            try:
                os.close(subdirectory(part, directory=directory))
            except OSError:
                raise MailboxMisconfigured(MailboxFault.NOT_A_MAILDIR, (("path", path),)) from None

    def count(self) -> int:
        """How many mails are in new and cur."""
        self._scan()
        return len(self._files)

    def windows(self) -> Iterator[list[str]]:
        """In the order of delivery, as far as the names tell."""
        with accessing(self._path):
            self._scan()
        keys = sorted(self._files)
        for start in range(0, len(keys), LISTED_TOGETHER):
            yield keys[start : start + LISTED_TOGETHER]

    def sizes(self, keys: Sequence[str]) -> dict[str, int]:
        """As the file system has it."""
        found: dict[str, int] = {}
        with accessing(self._path):
            for key, place in self._located(keys).items():
                try:
                    found[key] = os.stat("/".join(place), dir_fd=self._directory, follow_symlinks=False).st_size
                except FileNotFoundError:
                    continue
        return found

    def fetch(self, keys: Sequence[str]) -> Fetched:
        """What other programs rename meanwhile is looked for again."""
        fetched = Fetched()
        for key, (part, name) in self._located(keys).items():
            try:
                with _Opened(part, self._directory) as opened:
                    fetched.mails[key], _ = read_file(name, directory=opened, limit=settings.UPLOAD_LIMIT_BYTES)
            except FileNotFoundError:
                continue  # the next visit finds it under its new name
            except OSError as error:
                fetched.unreadable[key] = error.strerror or str(error)
        return fetched

    def demand(self, action: Mailbox.Action) -> None:
        """Raise MailboxMisconfigured where files may be read only."""
        if action == Mailbox.Action.LEAVE:
            return
        for part in ("new", "cur", "."):
            if not os.access(part, os.W_OK | os.X_OK, dir_fd=self._directory):
                raise MailboxMisconfigured(MailboxFault.FOLDER_READ_ONLY, (("path", f"{self._path}/{part}"),))

    def acknowledge(self, keys: Sequence[str], mark: Mark, *, action: Mailbox.Action, target: str) -> None:
        """See `Place`."""
        with accessing(self._path):
            if action == Mailbox.Action.MOVE:
                self._move(keys, target=target)
            elif action == Mailbox.Action.FLAG:
                self._flag(keys, FLAGS[mark])

    def _flag(self, keys: Sequence[str], flag: str) -> None:
        with _Opened("cur", self._directory) as cur:
            for key, (part, name) in self._located(keys).items():
                unique, _, flags = name.partition(_INFO)
                new_name = unique + _INFO + "".join(sorted({*flags, flag}))
                if (part, name) != ("cur", new_name):
                    with _Opened(part, self._directory) as opened:
                        move_file(name, source=opened, target=cur, new_name=new_name)
                    self._files[key] = ("cur", new_name)

    def _move(self, keys: Sequence[str], *, target: str) -> None:
        with _Opened(f".{target.lstrip('.')}", self._directory, is_made=True) as folder:
            for part in ("tmp", "new", "cur"):
                os.close(subdirectory(part, directory=folder, is_made=True))
            os.close(os.open("maildirfolder", os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o660, dir_fd=folder))
            for key, (part, name) in self._located(keys).items():
                with _Opened(part, self._directory) as source, _Opened(part, folder) as goal:
                    move_file(name, source=source, target=goal, new_name=name)
                self._files.pop(key, None)

    def _located(self, keys: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Where those mails are now that are still there; other programs may have renamed them since the last look."""
        if not all(self._is_there(key) for key in keys):
            self._scan()
        return {key: self._files[key] for key in keys if key in self._files}

    def _is_there(self, key: str) -> bool:
        place = self._files.get(key)
        if place is None:
            return False
        try:
            os.stat("/".join(place), dir_fd=self._directory, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _scan(self) -> None:
        self._files = {}
        for part in ("new", "cur"):
            with _Opened(part, self._directory) as opened, os.scandir(opened) as entries:
                for entry in entries:
                    if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                        key, place = key_of(entry.name.partition(_INFO)[0]), (part, entry.name)
                        # Two names of one mail: whoever changed its flags was ended midway, and the old name is to go.
                        self._files[key] = min(self._files.get(key, place), place, key=_progress)


def _progress(place: tuple[str, str]) -> tuple[bool, int]:
    """How far a mail has come: from new to cur, where it gets more and more flags."""
    part, name = place
    return part == "cur", len(name)


class _Opened:
    """A directory below the Maildir as long as it is needed."""

    def __init__(self, name: str, directory: int, *, is_made: bool = False) -> None:
        self._name, self._above, self._is_made = name, directory, is_made

    def __enter__(self) -> int:
        self._descriptor = subdirectory(self._name, directory=self._above, is_made=self._is_made)
        return self._descriptor

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)
