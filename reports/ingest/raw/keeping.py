"""The bytes of messages as they came: kept, given back, and thrown away. The only module that knows where and how they lie."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from reports.ingest.copying import array_of, copy_typed, next_ids
from reports.models import Organisation, RawMessage
from reports.sealing import Purpose, seal, unseal

# Report mails hold archives in base64: a higher level costs three times as much and saves one per cent.
COMPRESSION_LEVEL = 1
SMALL = 4096
"""Bytes below which compressing costs more than it saves: a third of a small mail, for a tenth of the time it takes."""
_AS_IT_IS = b"\0"
"""Before bytes that are not compressed; a zlib stream begins with another byte (RFC 1950, section 2.2)."""
COLUMNS = {
    "id": "int8", "organisation_id": "int8", "sha256": "bytea", "size": "int4", "sealed": "bytea",
    "stored_at": "timestamptz",
}  # fmt: skip


def keep_all(contents: Sequence[bytes], *, organisation: Organisation, at: datetime) -> list[int]:
    """Keep the contents, each once for the organisation; answers the ids of their RawMessage rows in order.

    To be called within a transaction that keeps out another one with the same contents.
    """
    digests = [hashlib.sha256(content).digest() for content in contents]
    held = _held(digests, organisation=organisation)
    missing = {digest: content for digest, content in zip(digests, contents, strict=True) if digest not in held}
    table = RawMessage._meta.db_table
    held |= zip(missing, next_ids(table, len(missing)), strict=True)
    copy_typed(
        table,
        COLUMNS,
        ((held[digest], organisation.pk, digest, len(data), _pack(data), at) for digest, data in missing.items()),
    )
    return [held[digest] for digest in digests]


def bytes_of(raw: RawMessage) -> bytes:
    """The bytes as they came. Raises `reports.sealing.SealBroken` where the key is gone."""
    packed = unseal(raw.sealed, purpose=Purpose.RAW_MESSAGE)
    return packed[1:] if packed[:1] == _AS_IT_IS else zlib.decompress(packed)


def throw_away(ids: Iterable[int]) -> None:
    """Delete the bytes for good. Messages that had them stay, with their outcome."""
    wanted = list(ids)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reports_message SET raw_id = NULL WHERE raw_id = ANY(%s)", [wanted])
        cursor.execute("DELETE FROM reports_rawmessage WHERE id = ANY(%s)", [wanted])


def _held(digests: Sequence[bytes], *, organisation: Organisation) -> dict[bytes, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sha256, id FROM reports_rawmessage WHERE organisation_id = %s AND sha256 = ANY(%s::bytea[])",
            [organisation.pk, array_of(digests)],
        )
        return {bytes(digest): pk for digest, pk in cursor.fetchall()}


def _pack(data: bytes) -> bytes:
    packed = _AS_IT_IS + data if len(data) < SMALL else zlib.compress(data, COMPRESSION_LEVEL)
    return seal(packed, purpose=Purpose.RAW_MESSAGE)
