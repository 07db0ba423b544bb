"""Whose the prefix of the bucket is: two installations below one would let go of each other's objects.

The first that writes there leaves its id in an object. A restored database holds the same id, and goes on. Whoever only
reads asks for nothing.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings

from reports.errors import RawStoreError
from reports.ingest.raw.opening import bucket, forget_credentials, hurried
from reports.ingest.raw.packing import RawDamaged
from reports.models import Installation
from reports.vocabulary import RawFault

if TYPE_CHECKING:
    from reports.ingest.raw.bucket import Bucket

OBJECT = "owner"
"""Its name below the prefix; those of mails begin with a number."""
_LENGTH = 36
_ADVICE = (
    "give this one a prefix of its own; or, if that one is gone for good, delete the object owner below the prefix"
)
log = logging.getLogger(__name__)


def owned_bucket() -> Bucket:
    """The bucket, for whoever writes or deletes there; to be called outside of transactions.

    Raises RawStoreError, OTHER_INSTALLATION where its prefix is another installation's.
    """
    store = bucket()
    try:
        _own(store)
    except RawStoreError as error:
        forget_credentials(error)
        raise
    return store


def demand() -> None:
    """Raises RawStoreError where new bytes go into a bucket that does not answer, or that is another installation's."""
    if settings.RAW_INTO_BUCKET:
        owned_bucket().answers()


def answers() -> bool:
    """Whether the bucket that the settings name answers and is no other installation's; asked for a few seconds."""
    try:
        store = hurried()
        store.answers()
        if owner := _owner(store):
            _refuse_another(owner)
    except RawStoreError as error:
        log.warning("the bucket of SEKIMORI_RAW_STORE does not do what it is asked: %s", error)
        return False
    return True


@lru_cache(maxsize=1)
def _own(store: Bucket) -> None:
    """Once for each process and bucket."""
    if not _owner(store):
        store.put(OBJECT, _mine().encode())
    _refuse_another(_owner(store))  # of two that came at the same moment the later one


def _owner(store: Bucket) -> str:
    """The id that stands there; "" where nothing does, "unknown" where that is no id: none of us wrote it."""
    try:
        return str(UUID(store.get(OBJECT, limit=_LENGTH).decode()))
    except RawDamaged:
        return "unknown" if store.has(OBJECT) else ""
    except ValueError:
        return "unknown"


def _refuse_another(owner: str) -> None:
    if owner != _mine():
        raise RawStoreError(RawFault.OTHER_INSTALLATION, (("owner", owner), ("error", _ADVICE)))


def _mine() -> str:
    installation, _made = Installation.objects.get_or_create(is_the_one=True)
    return str(installation.pk)
