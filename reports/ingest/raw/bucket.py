"""The bucket of SEKIMORI_RAW_STORE through boto3. Loaded only where there is one: boto3 takes as long as a batch of mails.

Like the database, it is named by whoever runs the installation: no gate stands before it, and boto3 looks for
credentials where it always does (AWS_* variables, shared files, the role of the machine).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
)
from django.conf import settings

from reports.errors import RawStoreError
from reports.ingest.raw.packing import RawDamaged
from reports.vocabulary import RawFault

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
ATTEMPTS = 3
DETAIL_LENGTH = 300
_GONE = {"NoSuchKey", "404"}
_CODES = {
    "NoSuchBucket": RawFault.BUCKET_MISSING,
    "InvalidAccessKeyId": RawFault.CREDENTIALS,
    "SignatureDoesNotMatch": RawFault.CREDENTIALS,
    "InvalidToken": RawFault.CREDENTIALS,
    "ExpiredToken": RawFault.CREDENTIALS,
    "AccessDenied": RawFault.ACCESS_DENIED,
    "AllAccessDisabled": RawFault.ACCESS_DENIED,
    "403": RawFault.ACCESS_DENIED,
}


class Bucket:
    """Objects by name, below the prefix; `connect` and `read` are seconds.

    All methods may be called from several threads, and raise RawStoreError.
    """

    def __init__(
        self, *, connections: int, connect: float = CONNECT_SECONDS, read: float = READ_SECONDS, attempts: int = 0
    ) -> None:
        named = settings.RAW_BUCKET
        if named is None:
            raise RawStoreError(RawFault.BUCKET_NOT_NAMED)
        self._name = named.name
        self._prefix = named.prefix
        with _speaking():
            self._client: Any = boto3.session.Session().client(
                "s3",
                endpoint_url=named.endpoint_url or None,
                region_name=named.region or ("us-east-1" if named.endpoint_url else None),
                config=Config(
                    connect_timeout=connect,
                    read_timeout=read,
                    retries={"mode": "standard", "total_max_attempts": attempts or ATTEMPTS},
                    max_pool_connections=connections,
                    # The seal says more than a checksum, and not every storage knows the newest of these.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                    s3={"addressing_style": "path" if named.is_path_style else "auto"},
                ),
            )

    def put(self, name: str, body: bytes) -> None:
        """Write the object; what had the name is replaced in one moment."""
        with _speaking():
            self._client.put_object(
                Bucket=self._name, Key=self._prefix + name, Body=body, ContentType="application/octet-stream"
            )

    def get(self, name: str, *, limit: int) -> bytes:
        """The object. Raises RawDamaged where there is none, or one of more than `limit` bytes."""
        with _speaking():
            try:
                body = self._client.get_object(Bucket=self._name, Key=self._prefix + name)["Body"].read(limit + 1)
            except ClientError as error:
                if _code_of(error) in _GONE:
                    raise RawDamaged("the object is gone") from None
                raise
        if len(body) > limit:
            raise RawDamaged("the object is longer than what was put there")
        return bytes(body)

    def has(self, name: str) -> bool:
        """Whether the object is there."""
        with _speaking():
            try:
                self._client.head_object(Bucket=self._name, Key=self._prefix + name)
            except ClientError as error:
                if _code_of(error) in _GONE:
                    return False
                raise
        return True

    def delete(self, name: str) -> None:
        """Delete the object; one that is gone is no fault."""
        with _speaking():
            try:
                self._client.delete_object(Bucket=self._name, Key=self._prefix + name)
            except ClientError as error:
                if _code_of(error) not in _GONE:
                    raise

    def answers(self) -> None:
        """Ask for one page of a listing: address, bucket and credentials are right if that raises nothing."""
        with _speaking():
            self._client.list_objects_v2(Bucket=self._name, Prefix=self._prefix, MaxKeys=1)


@contextmanager
def _speaking() -> Iterator[None]:
    """What can go wrong in a dialogue, as RawStoreError."""
    try:
        yield
    except ClientError as error:
        raise RawStoreError(_CODES.get(_code_of(error), RawFault.STORE_REFUSED), _detail(error)) from None
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise RawStoreError(RawFault.CREDENTIALS, _detail(error)) from None
    except SSLError as error:
        raise RawStoreError(RawFault.CERTIFICATE_UNTRUSTED, _detail(error)) from None
    except (BotoCoreError, OSError, ValueError) as error:  # ValueError: an endpoint that is no address
        raise RawStoreError(RawFault.UNREACHABLE, _detail(error)) from None


def _code_of(error: ClientError) -> str:
    """The storage's own word, or the HTTP status where it has none (an answer to HEAD)."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _detail(error: Exception) -> tuple[tuple[str, str], ...]:
    return (("error", str(error)[:DETAIL_LENGTH]),)
