"""Reads the zip archive that nearly every reporter sends, with one file in it; anything else is left to zipfile.

It begins with the file, has no comment and no second disk, and size and checksum hold (APPNOTE.TXT 4.3.7, .12, .16).
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import NamedTuple

from reports.ingest.extraction.limits import Budget
from reports.ingest.extraction.streams import PIECE_OUT, inflate

_LOCAL = struct.Struct("<4s5H3I2H")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_MAGIC, _ENTRY_MAGIC, _END_MAGIC = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_USUAL_FLAGS = frozenset({0x0, 0x2, 0x4, 0x6, 0x8, 0x800, 0x808})
"""How hard the packer tried, sizes that follow the data, a name in UTF-8."""
_UTF8 = 0x800
_DEFLATED = 8


class PlainFile(NamedTuple):
    name: str
    data: bytes


class Entry(NamedTuple):
    """The file: where its deflate stream of `packed` bytes starts, and what it should unfold to."""

    name: str
    start: int
    packed: int
    size: int
    checksum: int


def single_file(data: bytes, *, budget: Budget) -> PlainFile | None:
    """The one file in the archive; None where it is not plain. Raises `LimitExceeded`."""
    entry = single_entry(data)
    if entry is None:
        return None
    try:
        content = _inflated(data, entry.start, entry.packed, entry.size, budget=budget)
    except zlib.error:
        return None
    if content is None or len(content) != entry.size or zlib.crc32(content) != entry.checksum:
        return None
    budget.take_member()
    return PlainFile(entry.name, content)


def single_entry(data: bytes) -> Entry | None:
    """What a plain archive says of its one file; None where it is not plain."""
    end = len(data) - _END.size
    if end < _ENTRY.size + _LOCAL.size or not data.startswith(_LOCAL_MAGIC):
        return None
    magic, *disks, size, start, comment = _END.unpack_from(data, end)
    if magic != _END_MAGIC or disks != [0, 0, 1, 1] or comment or start + size != end or size < _ENTRY.size:
        return None
    return _entry(data, start, size)


def _entry(data: bytes, start: int, size: int) -> Entry | None:
    magic, _, _, flags, method, _, _, checksum, packed, whole, name, extra, comment, disk, _, _, offset = (
        _ENTRY.unpack_from(data, start)
    )
    is_plain = magic == _ENTRY_MAGIC and flags in _USUAL_FLAGS and method == _DEFLATED and not (disk or offset)
    if not is_plain or size != _ENTRY.size + name + extra + comment:
        return None
    names = data[start + _ENTRY.size : start + _ENTRY.size + name]
    body = _LOCAL.size + sum(_LOCAL.unpack_from(data)[-2:])
    if not names.isascii() or b"\0" in names or names.endswith(b"/") or body + packed > start:
        return None
    return Entry(names.decode("ascii"), body, packed, whole, checksum)


def _inflated(data: bytes, start: int, packed: int, whole: int, *, budget: Budget) -> bytes | None:
    """What so many bytes at `start` unfold to; None where the deflate stream in them does not end with them."""
    if whole > PIECE_OUT:
        out = BytesIO()
        return out.getvalue() if inflate(data, start, out, budget=budget) == packed else None
    decoder = zlib.decompressobj(-zlib.MAX_WBITS)
    content = decoder.decompress(data[start : start + packed], whole + 1)  # 0 would be no limit
    budget.take_bytes(len(content))
    return content if decoder.eof and not decoder.unused_data else None
