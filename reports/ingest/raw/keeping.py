"""Keeps bytes, each once for an organisation, and gives them back: from PostgreSQL or the bucket, wherever they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import connection

from reports.errors import RawStoreError
from reports.ingest.copying import array_of, copy_rows, next_ids
from reports.ingest.raw import loose
from reports.ingest.raw.opening import at_once, bucket, forget_credentials, object_name, object_of
from reports.ingest.raw.ownership import owned_bucket
from reports.ingest.raw.packing import RawDamaged, longest, pack, unpack, unpack_object
from reports.models import Organisation, RawMessage
from reports.sealing import key_name_of

COLUMNS = {
    "id": "int8", "organisation_id": "int8", "sha256": "bytea", "size": "int4", "sealed": "bytea",
    "object_key": "text", "stored_at": "timestamptz",
}  # fmt: skip

Put = Mapping[bytes, str]
"""What lies in the bucket and has no row yet: SHA-256, and the name of the key that sealed it."""


def put_beforehand(contents: Sequence[bytes], *, organisation: Organisation) -> Put:
    """Put the contents that the organisation does not hold into the bucket, where the settings say so.

    To be called outside of any transaction, before `keep_all`: a crash in between leaves objects with a note, never a row
    without its bytes. Raises RawStoreError; what was put until then is tidied away a day later.
    """
    if not settings.RAW_INTO_BUCKET:
        return {}
    by_digest = {hashlib.sha256(content).digest(): content for content in contents}
    missing = by_digest.keys() - _held(list(by_digest), organisation=organisation).keys()
    names = {digest: object_name(organisation.pk, digest) for digest in missing}
    if not missing:
        return {}
    store = owned_bucket()

    def put(digest: bytes) -> str:
        body = pack(by_digest[digest])
        store.put(names[digest], body)
        return key_name_of(body).hex()

    loose.expect(list(names.values()))
    return dict(zip(names, at_once(put, names), strict=True))


def keep_all(contents: Sequence[bytes], *, organisation: Organisation, at: datetime, put: Put) -> list[int]:
    """Keep the contents, each once for the organisation; answers the ids of their RawMessage rows in order.

    What was `put` into the bucket stays there, everything else lies in the row. To be called within a transaction that
    keeps out another one with the same contents.
    """
    digests = [hashlib.sha256(content).digest() for content in contents]
    held = _held(
        digests, organisation=organisation, lock="ORDER BY id FOR KEY SHARE"
    )  # else they may go before we commit
    missing = {digest: content for digest, content in zip(digests, contents, strict=True) if digest not in held}
    table = RawMessage._meta.db_table
    held |= zip(missing, next_ids(table, len(missing)), strict=True)
    away = _adopted(missing, put, organisation=organisation) if put else {}
    copy_rows(
        table,
        COLUMNS,
        (
            (held[digest], organisation.pk, digest, len(data), None if key else pack(data), key, at)
            for digest, data in missing.items()
            for key in (away.get(digest),)
        ),
    )
    return [held[digest] for digest in digests]


def bytes_of(raw: RawMessage) -> bytes:
    """The bytes as they came.

    Raises `reports.sealing.SealBroken` where the key is gone, RawDamaged (a SealBroken) where the object is, and
    RawStoreError where the bucket does not answer.
    """
    if raw.sealed is not None:
        return unpack(raw.sealed)
    try:
        return bytes_of_object(raw)
    except RawStoreError as error:
        forget_credentials(error)
        raise
    except RawDamaged:
        moved = moved_meanwhile(raw)
        if moved is None:
            raise
        return moved


def bytes_of_object(raw: RawMessage) -> bytes:
    """The same, from the bucket alone; never touches the database, and so may be called from several threads."""
    return unpack_object(bucket().get(object_of(raw), limit=longest(raw.size)), of=raw)


def moved_meanwhile(raw: RawMessage) -> bytes | None:
    """The bytes that have moved from the bucket into the row since the row was read."""
    row = RawMessage.objects.filter(pk=raw.pk, sealed__isnull=False).first()
    return unpack(row.sealed) if row and row.sealed is not None else None


def throw_away(ids: Iterable[int]) -> None:
    """Delete the bytes for good. Messages that had them stay, with their outcome.

    Objects in the bucket get a note by a trigger; `loose.let_go` deletes them once that is committed.
    """
    wanted = list(ids)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reports_message SET raw_id = NULL WHERE raw_id = ANY(%s)", [wanted])
        cursor.execute("DELETE FROM reports_rawmessage WHERE id = ANY(%s)", [wanted])


def _held(digests: Sequence[bytes], *, organisation: Organisation, lock: str = "") -> dict[bytes, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT sha256, id FROM reports_rawmessage WHERE organisation_id = %s AND sha256 = ANY(%s::bytea[]) {lock}",  # noqa: S608
            [organisation.pk, array_of(digests)],
        )
        return {bytes(digest): pk for digest, pk in cursor.fetchall()}


def _adopted(missing: Iterable[bytes], put: Put, *, organisation: Organisation) -> Put:
    """Those of the missing ones that lie in the bucket and are named by a row from now on, with their keys."""
    names = {object_name(organisation.pk, digest): digest for digest in missing if digest in put}
    return {names[name]: put[names[name]] for name in loose.adopt(list(names))}
