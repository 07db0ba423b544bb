"""Opens the bucket once for each process, on first use, and works on many objects at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from django.utils.module_loading import import_string

from reports.errors import RawStoreError
from reports.models import RawMessage
from reports.vocabulary import RawFault

if TYPE_CHECKING:
    from reports.ingest.raw.bucket import Bucket

HURRIED = 2.0
PARALLEL = 16
"""Objects of a batch that are on their way at the same time, each over a connection of its own."""
_Given = TypeVar("_Given")
_Answer = TypeVar("_Answer")


def bucket() -> Bucket:
    """The bucket. Raises RawStoreError where the settings name none, or where boto3 cannot make a client."""
    return _opened()


def hurried() -> Bucket:
    """The same for somebody who waits, over connections of its own: it gives up after HURRIED seconds."""
    return _class()(connections=1, connect=HURRIED, read=HURRIED, attempts=1)


def forget_credentials(error: RawStoreError) -> None:
    """Look for credentials anew with the next use where they were the matter: files and roles may have new ones by then."""
    if error.code == RawFault.CREDENTIALS:
        _opened.cache_clear()


def at_once(work: Callable[[_Given], _Answer], items: Iterable[_Given]) -> list[_Answer]:
    """What `work`, which must not touch the database, answers for each item, in order.

    The first error is raised once the items that are under way have ended; the others are not begun.
    """
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="raw") as pool:
        try:
            return list(pool.map(work, items))
        except RawStoreError as error:
            forget_credentials(error)
            raise


def object_name(organisation_id: int, digest: bytes) -> str:
    """The name of the object that holds bytes of this SHA-256: one in each organisation. Triggers write it too."""
    return f"{organisation_id}/{digest.hex()}"


def object_of(raw: RawMessage) -> str:
    """The name of the object that holds the bytes of a row."""
    return object_name(raw.organisation_id, bytes(raw.sha256))


@cache
def _opened() -> Bucket:
    return _class()(connections=PARALLEL)


def _class() -> type[Bucket]:
    found: type[Bucket] = import_string("reports.ingest.raw.bucket.Bucket")
    return found
