"""Reads zip members by their local headers, for archives whose central directory or checksums are damaged."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from reports.ingest.extraction.limits import Budget
from reports.ingest.extraction.streams import inflate

LOCAL_MAGIC = b"PK\x03\x04"
CENTRAL_MAGIC = b"PK\x01\x02"
ENCRYPTED_FLAG, UTF8_FLAG = 0x1, 0x800
STORED, DEFLATED = 0, 8
_HEADER = struct.Struct("<4s5H3I2H")  # APPNOTE.TXT section 4.3.7


class Salvaged(NamedTuple):
    name: str
    data: bytes
    is_encrypted: bool = False


def salvage_zip(data: bytes, *, budget: Budget) -> Iterator[Salvaged]:
    """Every member that a local header leads to, as far as its data goes; without checksums."""
    offset = data.find(LOCAL_MAGIC)
    while offset >= 0:
        budget.take_member()
        found = salvage_member(data, offset, budget=budget)
        if found:
            yield found
        offset = data.find(LOCAL_MAGIC, offset + len(LOCAL_MAGIC))


def salvage_member(data: bytes, offset: int, *, budget: Budget) -> Salvaged | None:
    """The member whose local header stands at `offset`; None where it gives nothing."""
    if offset < 0 or len(data) < offset + _HEADER.size:
        return None
    magic, _, flags, method, _, _, _, packed_size, _, name_length, extra_length = _HEADER.unpack_from(data, offset)
    if magic != LOCAL_MAGIC:
        return None
    name_start = offset + _HEADER.size
    start = name_start + name_length + extra_length
    name = data[name_start : name_start + name_length].decode("utf-8" if flags & UTF8_FLAG else "cp437", "replace")
    if flags & ENCRYPTED_FLAG:
        return Salvaged(name, b"", is_encrypted=True)
    body = _body(data, start, method, packed_size, budget=budget)
    return Salvaged(name, body) if body else None


def _body(data: bytes, start: int, method: int, packed_size: int, *, budget: Budget) -> bytes:
    if method == STORED:
        end = start + packed_size if packed_size else data.find(CENTRAL_MAGIC, start)
        body = data[start : end if end >= 0 else len(data)]
        budget.take_bytes(len(body))
        return body
    out = BytesIO()
    if method == DEFLATED:
        try:
            inflate(data, start, out, budget=budget)
        except zlib.error:
            return out.getvalue()
    return out.getvalue()
