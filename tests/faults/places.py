"""Owns where the mail of a scene lies: in a folder of Dovecot, with and without MOVE, or in a Maildir. Looks from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from reports.ingest.places.secrets import sealed_secret
from tests.faults.stage import Stage
from tests.mailhost.dovecot import Dovecot
from tests.reports.mailboxes import PASSWORD

FOLDER = "Reports"
TARGETS = ("Handled", "Refused")
IMAP, OLD_IMAP, MAILDIR = "imap", "old imap", "maildir"

Mail = tuple[bytes, tuple[bytes, ...]]
Mails = dict[str, list[Mail]]


class ImapBox:
    """A user's folder. Where the server has no MOVE, one that is cut off between COPY and EXPUNGE may leave a second copy."""

    def __init__(self, dovecot: Dovecot, user: str, *, copies_twice: bool = False) -> None:
        self.dovecot, self.user, self._copies_twice = dovecot, user, copies_twice
        dovecot.add_user(user, password=PASSWORD, folders=[FOLDER])

    @property
    def columns(self) -> dict[str, Any]:
        """What a Mailbox says of it."""
        settings = {
            "host": "localhost",
            "port": self.dovecot.imaps_port,
            "tls": "implicit",
            "ca_certificate": Path(self.dovecot.ca_file).read_text(),
            "username": self.user,
            "folder": FOLDER,
        }
        return {"kind": "imap", "settings": settings, "secret": sealed_secret(PASSWORD)}

    def put(self, mails: Sequence[bytes]) -> None:
        """Deliver mails, in their order."""
        with self.dovecot.connect(self.user) as client:
            for each in mails:
                client.append(FOLDER, each)

    def clear(self) -> None:
        """Take all mail away."""
        with self.dovecot.connect(self.user) as client:
            client.select_folder(FOLDER)
            client.delete_messages(client.search())
            client.expunge()

    def left(self) -> Mails:
        """What lies where, with its flags."""
        left: Mails = {}
        with self.dovecot.connect(self.user) as client:
            for folder in (FOLDER, *TARGETS):
                if client.folder_exists(folder):
                    client.select_folder(folder, readonly=True)
                    found = client.fetch(client.search(), ["BODY.PEEK[]", "FLAGS"])
                    mails = [
                        (data[b"BODY[]"], tuple(sorted(set(data[b"FLAGS"]) - {b"\\Recent"}))) for data in found.values()
                    ]
                    left[folder] = self.counted(folder, mails)
        return left

    def counted(self, folder: str, mails: Iterable[Mail]) -> list[Mail]:
        """The mails of a folder as they are compared: where a second copy may be left, once each."""
        return sorted(set(mails) if self._copies_twice and folder != FOLDER else mails)

    def as_left(self, mail: bytes) -> bytes:
        """A mail as IMAP has it: lines end in CRLF."""
        return mail.replace(b"\n", b"\r\n")


class MaildirBox:
    """A Maildir below the root that the operator names."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0
        for part in ("tmp", "new", "cur"):
            (folder / part).mkdir(parents=True)

    @property
    def columns(self) -> dict[str, Any]:
        """What a Mailbox says of it."""
        return {"kind": "maildir", "settings": {"path": str(self._folder)}, "secret": sealed_secret("")}

    def put(self, mails: Sequence[bytes]) -> None:
        """Deliver mails, in their order."""
        for each in mails:
            self._number += 1
            (self._folder / "new" / f"17000{self._number:05}.M1P1.mx.example.com").write_bytes(each)

    def clear(self) -> None:
        """Take all mail away."""
        for file in self._folder.glob("[nc]??/*"):
            file.unlink()

    def left(self) -> Mails:
        """What lies where, with its flags."""
        folders = {FOLDER: self._folder, **{name: self._folder / f".{name}" for name in TARGETS}}
        return {
            name: sorted(map(_mail_of, folder.glob("[nc]??/*"))) for name, folder in folders.items() if folder.exists()
        }

    def counted(self, _folder: str, mails: Iterable[Mail]) -> list[Mail]:
        """The mails of a folder as they are compared."""
        return sorted(mails)

    def as_left(self, mail: bytes) -> bytes:
        """A mail as it lies there."""
        return mail


Box = ImapBox | MaildirBox


def make_box(stage: Stage, name: str, *, place: str) -> Box:
    """An empty place of one kind; `name` is nobody else's."""
    if place == MAILDIR:
        return MaildirBox(stage.maildirs / name)
    if place == OLD_IMAP:
        return ImapBox(stage.old_dovecot, name, copies_twice=True)
    return ImapBox(stage.dovecot, name)


def _mail_of(file: Path) -> Mail:
    flags = file.name.partition(":2,")[2]
    return file.read_bytes(), tuple(sorted(flag.encode() for flag in flags))


def together(boxes: Sequence[Mails]) -> Mails:
    """The mails of several boxes, folder by folder."""
    folders = sorted({folder for box in boxes for folder in box})
    return {folder: sorted(mail for box in boxes for mail in box.get(folder, ())) for folder in folders}


def shape(mails: Mails) -> dict[str, int]:
    """How many mails lie in each folder."""
    return {folder: len(found) for folder, found in mails.items()}
