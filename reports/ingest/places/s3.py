"""A bucket of an S3-compatible storage, such as the one in which Amazon SES puts incoming mail.

The key is ETag and object key: an object that is written anew is another item.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from django.conf import settings

from reports.ingest import gate
from reports.ingest.places.mails import as_mails
from reports.ingest.places.place import Fetched, Mark, Step
from reports.ingest.places.s3_client import ca_file, code_of, s3_client, speaking
from reports.ingest.places.secrets import secret_of
from reports.models import Mailbox
from reports.vocabulary import MailboxStep

PAGE = 1000
TAG = "sekimori"
HTTPS_PORT, HTTP_PORT = 443, 80
_GONE = {"NoSuchKey", "404", "PreconditionFailed", "412"}
_LOCKED = {"AccessDenied", "403", "InvalidObjectState"}


def s3_way(mailbox: Mailbox) -> S3Way:
    """The way to the bucket that a mailbox names."""
    targets = tuple(target for target in (mailbox.handled_folder, mailbox.refused_folder) if target)
    return S3Way(**mailbox.settings, secret_key=secret_of(mailbox), targets=targets)


@dataclass(frozen=True, slots=True)
class S3Way:
    """`endpoint_url` is "" for Amazon; what lies under one of `targets` was moved there and is not listed.

    `ca_certificate` is PEM, "" for the authorities that the system trusts; where there is one, no other is trusted.
    """

    bucket: str
    prefix: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    endpoint_url: str = ""
    is_path_style: bool = False
    ca_certificate: str = ""
    targets: tuple[str, ...] = ()
    step_names: ClassVar[tuple[MailboxStep, ...]] = (MailboxStep.RESOLVE, MailboxStep.BUCKET, MailboxStep.COUNT)

    def steps(self, stack: ExitStack, *, is_read_only: bool) -> Generator[Step, None, Bucket]:
        """See `Way`. That nothing is changed where nothing is to be is left to the place: it changes what it is told."""
        client = s3_client(
            endpoint_url=self.endpoint_url, region=self.region, access_key=self.access_key, secret_key=self.secret_key,
            is_path_style=self.is_path_style, ca_file=stack.enter_context(ca_file(self.ca_certificate)),
        )  # fmt: skip
        stack.callback(client.close)
        address = urlsplit(client.meta.endpoint_url)
        port = address.port or (HTTP_PORT if address.scheme == "http" else HTTPS_PORT)
        yield Step(MailboxStep.RESOLVE, ", ".join(map(str, gate.resolve(address.hostname or "", port=port))))
        with speaking():
            page = client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=PAGE)
        yield Step(MailboxStep.BUCKET, f"{self.bucket}/{self.prefix}")
        found = len(page.get("Contents", ()))
        yield Step(MailboxStep.COUNT, f"{found}+" if page.get("IsTruncated") else str(found))
        return Bucket(client, self.bucket, self.prefix, targets=self.targets)


class Bucket:
    """`reports.ingest.places.place.Place` over the objects of a bucket below a prefix."""

    epoch = ""

    def __init__(self, client: Any, bucket: str, prefix: str, *, targets: Sequence[str]) -> None:  # noqa: ANN401
        self.folder = f"{bucket}/{prefix}"[:254]
        self._client = client
        self._bucket = bucket
        self._prefix = prefix
        self._targets = tuple(_as_prefix(target) for target in targets)
        self._sizes: dict[str, int] = {}

    def windows(self) -> Iterator[list[str]]:
        """By object key, page by page: a listing goes on behind the last key that it gave."""
        after = ""
        while True:
            with speaking():
                page = self._client.list_objects_v2(
                    Bucket=self._bucket, Prefix=self._prefix, StartAfter=after, MaxKeys=PAGE
                )
            found = page.get("Contents", ())
            self._sizes = {
                f"{each['ETag'].strip(chr(34))} {each['Key']}": int(each["Size"])
                for each in found
                if not each["Key"].endswith("/") and not each["Key"].startswith(self._targets or ("\0",))
            }
            yield list(self._sizes)
            if not page.get("IsTruncated") or not found:
                return
            after = found[-1]["Key"]

    def sizes(self, keys: Sequence[str]) -> dict[str, int]:
        """As the listing said."""
        return {key: self._sizes[key] for key in keys if key in self._sizes}

    def fetch(self, keys: Sequence[str]) -> Fetched:
        """An object that was written anew since it was listed is passed over."""
        fetched = Fetched()
        for key in keys:
            etag, _, name = key.partition(" ")
            with speaking():
                try:
                    answer = self._client.get_object(Bucket=self._bucket, Key=name, IfMatch=etag)
                except ClientError as error:
                    if code_of(error) in _LOCKED:
                        fetched.unreadable[key] = str(error)
                    elif code_of(error) not in _GONE:
                        raise
                    continue
                fetched.mails.update(as_mails(key, answer["Body"].read(settings.UPLOAD_LIMIT_BYTES + 1)))
        return fetched

    def demand(self, action: Mailbox.Action) -> None:
        """What the key may do shows when it is done."""

    def acknowledge(self, keys: Sequence[str], mark: Mark, *, action: Mailbox.Action, target: str) -> None:
        """Tag with "sekimori", other tags stay; or move to another prefix, by copying first and deleting then."""
        for key in keys:
            etag, _, name = key.partition(" ")
            with speaking():
                try:
                    if action == Mailbox.Action.FLAG:
                        self._tag(name, etag, str(mark))
                    elif action == Mailbox.Action.MOVE:
                        self._move(name, etag, _as_prefix(target))
                except ClientError as error:
                    if code_of(error) not in _GONE:
                        raise

    def _etag(self, name: str) -> str:
        """The ETag of the object that has this key now, "" where there is none."""
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=name)
        except ClientError as error:
            if code_of(error) in _GONE:
                return ""
            raise
        return str(head["ETag"]).strip('"')

    def _tag(self, name: str, etag: str, value: str) -> None:
        if self._etag(name) != etag:
            return
        tags = self._client.get_object_tagging(Bucket=self._bucket, Key=name)["TagSet"]
        others = [tag for tag in tags if tag["Key"] != TAG]
        self._client.put_object_tagging(
            Bucket=self._bucket, Key=name, Tagging={"TagSet": [*others, {"Key": TAG, "Value": value}]}
        )

    def _move(self, name: str, etag: str, target: str) -> None:
        if self._etag(name) != etag:  # not every storage obeys CopySourceIfMatch
            return
        new_name = target + name.removeprefix(self._prefix).lstrip("/")
        if self._etag(new_name) not in {"", etag}:  # the same one may be there since a move that was cut off
            new_name = f"{new_name}.{etag[:8]}"
        self._client.copy_object(
            Bucket=self._bucket, Key=new_name, CopySource={"Bucket": self._bucket, "Key": name}, CopySourceIfMatch=etag
        )
        if self._etag(name) == etag:
            self._client.delete_object(Bucket=self._bucket, Key=name)


def _as_prefix(target: str) -> str:
    return target.rstrip("/") + "/"
