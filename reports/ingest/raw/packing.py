"""Bytes of a mail as they lie at rest: compressed where it is worth while, and sealed. The same form in every place."""

from __future__ import annotations

import hashlib
import zlib

from reports.models import RawMessage
from reports.sealing import Purpose, SealBroken, key_name_of, known_key_names, seal, unseal

# Report mails hold archives in base64: a higher level costs three times as much and saves one per cent.
COMPRESSION_LEVEL = 1
SMALL = 4096
"""Bytes below which compressing costs more than it saves: a third of a small mail, for a tenth of the time it takes."""
_AS_IT_IS = b"\0"
"""Before bytes that are not compressed; a zlib stream begins with another byte (RFC 1950, section 2.2)."""
_OVERHEAD = 4096
"""More than sealing and compressing ever add to a mail; what is longer was not made by `pack`."""


class RawDamaged(SealBroken):
    """What lies in the bucket under the name of these bytes is gone, or is not what was put there."""


def pack(data: bytes) -> bytes:
    """Compressed and sealed."""
    packed = _AS_IT_IS + data if len(data) < SMALL else zlib.compress(data, COMPRESSION_LEVEL)
    return seal(packed, purpose=Purpose.RAW_MESSAGE)


def unpack(sealed: bytes | memoryview) -> bytes:
    """The bytes as they came. Raises `reports.sealing.SealBroken` where the key is gone."""
    packed = unseal(sealed, purpose=Purpose.RAW_MESSAGE)
    return packed[1:] if packed[:1] == _AS_IT_IS else zlib.decompress(packed)


def unpack_object(sealed: bytes, *, of: RawMessage) -> bytes:
    """The bytes of an object, which are those of the row: a bucket may be written by others.

    Raises SealBroken where the key is gone, RawDamaged where it is another object or a damaged one.
    """
    try:
        data = unpack(sealed)
    except SealBroken as error:
        named = key_name_of(sealed)
        if named in known_key_names() or named.hex() != of.object_key:
            raise RawDamaged(str(error)) from None
        raise
    if hashlib.sha256(data).digest() != bytes(of.sha256):
        raise RawDamaged("the object holds other bytes")
    return data


def longest(size: int) -> int:
    """The bytes that a packed mail of this size may have at most."""
    return size + size // 100 + _OVERHEAD
