"""A yard is one real place of one kind with a mailbox that leads there: mail is put in, taken away, and looked at from outside."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, ClassVar, Protocol
from uuid import uuid4

import boto3

from reports.ingest.places.secrets import sealed_secret
from reports.models import Mailbox, Organisation
from tests.mailhost.dovecot import Dovecot
from tests.reports.mailboxes import make_mailbox
from tests.reports.stored import NOW

HANDLED, REFUSED = "Handled", "Refused"


class Yard(Protocol):
    """`put` makes an item that a visit reads; `left` is what still lies where it was put, and what lies in a target."""

    mailbox: Mailbox
    abilities: ClassVar[tuple[str, ...]]

    def put(self, content: bytes) -> None: ...

    def drop_first(self) -> None: ...

    def number_anew(self) -> None:
        """What other programs do to the place that a careless reader takes for new mail."""

    def left(self) -> dict[str, list[tuple[bytes, str]]]:
        """Content and marks of items, sorted, in the place itself ("") and in the targets."""


def _mailbox(organisation: Organisation, kind: str, settings: dict[str, Any], *, secret: str = "") -> Mailbox:
    mailbox = Mailbox.objects.create(
        organisation=organisation, name=uuid4().hex, kind=kind, settings=settings, secret=sealed_secret(secret)
    )
    Mailbox.objects.filter(pk=mailbox.pk).update(due_at=NOW)
    return mailbox


class ImapYard:
    """A user of Dovecot with a folder."""

    abilities = ("leave", "flag", "move")

    def __init__(self, organisation: Organisation, *, dovecot: Dovecot) -> None:
        self._dovecot = dovecot
        self.mailbox = make_mailbox(dovecot, organisation, folder="Reports")
        self._user = self.mailbox.settings["username"]
        with dovecot.connect(self._user) as client:
            client.create_folder("Reports")

    def put(self, content: bytes) -> None:
        self._dovecot.append(self._user, content, folder="Reports")

    def drop_first(self) -> None:
        with self._dovecot.connect(self._user) as client:
            client.select_folder("Reports")
            client.delete_messages(client.search()[:1])
            client.expunge()

    def number_anew(self) -> None:
        with self._dovecot.connect(self._user) as client:
            client.rename_folder("Reports", "Old")
            client.create_folder("Reports")
            client.select_folder("Old")
            client.copy(client.search(), "Reports")
            client.delete_folder("Old")

    def left(self) -> dict[str, list[tuple[bytes, str]]]:
        with self._dovecot.connect(self._user) as client:
            there = {name for _, _, name in client.list_folders()}
        return {name: self._in(folder) for name, folder in _TARGETS.items() if folder in there}

    def _in(self, folder: str) -> list[tuple[bytes, str]]:
        found = self._dovecot.messages(self._user, folder=folder)
        return sorted(
            (content, " ".join(sorted(flag.decode() for flag in flags - {b"\\Recent"}))) for content, flags in found
        )


_TARGETS = {"": "Reports", HANDLED: HANDLED, REFUSED: REFUSED}


class MaildirYard:
    """A Maildir below the operator's root."""

    abilities = ("leave", "flag", "move")

    def __init__(self, organisation: Organisation, *, root: Path) -> None:
        self.path = root / uuid4().hex
        for part in ("tmp", "new", "cur"):
            (self.path / part).mkdir(parents=True)
        self.mailbox = _mailbox(organisation, "maildir", {"path": str(self.path)})
        self._number = 0

    def put(self, content: bytes) -> None:
        self._number += 1
        (self.path / "new" / f"17000{self._number:05}.M1P1.mx.example.com").write_bytes(content)

    def drop_first(self) -> None:
        min(self.path.glob("[nc]??/*"), key=lambda file: file.name).unlink()

    def number_anew(self) -> None:
        for file in [*self.path.glob("new/*")]:
            file.rename(self.path / "cur" / f"{file.name}:2,R")

    def left(self) -> dict[str, list[tuple[bytes, str]]]:
        folders = {"": self.path, HANDLED: self.path / f".{HANDLED}", REFUSED: self.path / f".{REFUSED}"}
        return {name: _mails(folder) for name, folder in folders.items() if folder.exists()}


def _mails(folder: Path) -> list[tuple[bytes, str]]:
    return sorted((file.read_bytes(), file.name.partition(":2,")[2]) for file in folder.glob("[nc]??/*"))


class MboxYard:
    """An mbox file below the operator's root."""

    abilities = ("leave",)

    def __init__(self, organisation: Organisation, *, root: Path) -> None:
        self.path = root / f"{uuid4().hex}.mbox"
        self.path.touch()
        self.mailbox = _mailbox(organisation, "mbox", {"path": str(self.path)})

    def put(self, content: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(
                b"From sender@example.net Thu Nov 16 08:00:00 2023\n"
                + content.replace(b"\r\n", b"\n").rstrip(b"\n")
                + b"\n\n"
            )

    def drop_first(self) -> None:
        _, *others = self.path.read_bytes().split(b"From sender@")[1:]
        self.path.write_bytes(b"".join(b"From sender@" + each for each in others))

    def number_anew(self) -> None:
        self.path.rename(f"{self.path}.1")
        self.path.touch()

    def left(self) -> dict[str, list[tuple[bytes, str]]]:
        return {"": [(self.path.read_bytes(), "")]}


class FolderYard:
    """A watched folder below the operator's root."""

    abilities = ("leave", "move")

    def __init__(self, organisation: Organisation, *, root: Path) -> None:
        self.path = root / uuid4().hex
        self.path.mkdir()
        self.mailbox = _mailbox(organisation, "folder", {"path": str(self.path)})
        self._number = 0

    def put(self, content: bytes) -> None:
        self._number += 1
        file = self.path / f"{self._number:03}.eml"
        file.write_bytes(content)
        settled = time.time() - 1000 + self._number
        os.utime(file, (settled, settled))

    def drop_first(self) -> None:
        min(self.path.glob("*.eml")).unlink()

    def number_anew(self) -> None:
        for file in self.path.glob("*.eml"):
            file.chmod(0o600)

    def left(self) -> dict[str, list[tuple[bytes, str]]]:
        folders = {"": self.path, HANDLED: self.path / HANDLED, REFUSED: self.path / REFUSED}
        return {
            name: sorted((file.read_bytes(), "") for file in folder.glob("*.eml"))
            for name, folder in folders.items()
            if folder.exists()
        }


class BucketYard:
    """A bucket of moto's server."""

    abilities = ("leave", "flag", "move")

    def __init__(self, organisation: Organisation, *, endpoint: str) -> None:
        self.bucket = f"b{uuid4().hex[:20]}"
        self.client = boto3.client(
            "s3", endpoint_url=endpoint, region_name="eu-central-1", aws_access_key_id="key", aws_secret_access_key="s"
        )
        self.client.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.mailbox = _mailbox(
            organisation, "s3",
            {"bucket": self.bucket, "prefix": "inbound/", "region": "eu-central-1", "access_key": "key",
             "endpoint_url": endpoint, "is_path_style": True},
            secret="s",
        )  # fmt: skip
        self._number = 0

    def put(self, content: bytes) -> None:
        self._number += 1
        self.client.put_object(Bucket=self.bucket, Key=f"inbound/{self._number:03}", Body=content)

    def drop_first(self) -> None:
        self.client.delete_object(Bucket=self.bucket, Key=self._keys("inbound/")[0])

    def number_anew(self) -> None:
        for key in self._keys("inbound/"):
            body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            self.client.put_object(Bucket=self.bucket, Key=key, Body=body)

    def left(self) -> dict[str, list[tuple[bytes, str]]]:
        places = {"": "inbound/", HANDLED: f"{HANDLED}/", REFUSED: f"{REFUSED}/"}
        found = {name: sorted(map(self._item, self._keys(prefix))) for name, prefix in places.items()}
        return {name: items for name, items in found.items() if items or not name}

    def _keys(self, prefix: str) -> list[str]:
        return [
            each["Key"] for each in self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        ]

    def _item(self, key: str) -> tuple[bytes, str]:
        tags = self.client.get_object_tagging(Bucket=self.bucket, Key=key)["TagSet"]
        body: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body, " ".join(f"{tag['Key']}={tag['Value']}" for tag in tags)
