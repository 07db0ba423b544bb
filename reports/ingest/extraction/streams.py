"""Unpacks gzip, bzip2, xz and bare deflate data piece by piece under a budget, and saves what a damaged stream still gives."""

from __future__ import annotations

import bz2
import lzma
import re
import struct
import zlib
from io import BytesIO
from typing import NamedTuple

from reports.errors import Unreadable
from reports.ingest.extraction.limits import MIB, Budget
from reports.ingest.extraction.sniffing import Form
from reports.vocabulary import Reason, RepairCode

PIECE_IN = 4096  # small, because a decoder that fails keeps back what the last piece gave
PIECE_OUT = MIB
XZ_MEMORY = 128 * MIB
MAGIC = {Form.GZIP: b"\x1f\x8b\x08", Form.BZIP2: b"BZh", Form.XZ: b"\xfd7zXZ\0"}
_PADDING = re.compile(rb"[\0\r\n]*+")
GZIP_HEADER = 10
ZLIB_HEADER, ZLIB_TRAILER = 2, 4
_EXTRA, _NAME, _COMMENT, _HEADER_CRC = 4, 8, 16, 2
_TRAILER = struct.Struct("<II")


class Unpacked(NamedTuple):
    data: bytes
    repairs: tuple[RepairCode, ...]


def unpack(data: bytes, form: Form, *, budget: Budget) -> Unpacked:
    """Unpack all members of one stream; raise `Unreadable` where nothing comes out, `LimitExceeded` at a limit."""
    if form is Form.GZIP and (whole := sound_gzip(data)) is not None:
        budget.take_bytes(len(whole))
        return Unpacked(whole, ())
    out = BytesIO()
    repairs: list[RepairCode] = []
    position: int | None = 0
    while position is not None:
        try:
            end, code = _member(data, position, form, out, budget=budget)
            position = None if end is None else _after_padding(data, end)
        except (zlib.error, lzma.LZMAError, OSError, EOFError):
            position, code = None, RepairCode.ARCHIVE_SALVAGED
        if code:
            repairs.append(code)
        if position is not None and not (form in MAGIC and data.startswith(MAGIC[form], position)):
            if position < len(data):
                repairs.append(RepairCode.ARCHIVE_TRAILING)
            break
    if repairs and not out.tell():
        raise Unreadable(Reason.DAMAGED_ARCHIVE)
    return Unpacked(out.getvalue(), tuple(dict.fromkeys(repairs)))


def _after_padding(data: bytes, position: int) -> int:
    padding = _PADDING.match(data, position)
    return padding.end() if padding else position


class GzipContent(NamedTuple):
    """Where the deflate stream of a gzip with one member starts and ends, and what it should unfold to."""

    start: int
    end: int
    size: int
    checksum: int


def gzip_content(data: bytes) -> GzipContent | None:
    """What a gzip says of its content if it has one member and nothing after it; None where it is too short for one."""
    end = len(data) - _TRAILER.size
    try:
        start = _after_gzip_header(data, 0)
    except EOFError:
        return None
    if start >= end:
        return None
    checksum, size = _TRAILER.unpack_from(data, end)
    return GzipContent(start, end, size, checksum)


def sound_gzip(data: bytes) -> bytes | None:
    """The content of a single member that is small and sound, as most are; the library checks its length and checksum."""
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        content = decoder.decompress(data, PIECE_OUT)
    except zlib.error:
        return None
    return content if decoder.eof and not decoder.unused_data else None


def _member(
    data: bytes, start: int, form: Form, out: BytesIO, *, budget: Budget
) -> tuple[int | None, RepairCode | None]:
    """Unpack one member into `out`; where it ended in `data` (None: the data did), and what was wrong with it."""
    if form is Form.GZIP:
        return _gzip_member(data, start, out, budget=budget)
    if form is Form.ZLIB:
        return _zlib_stream(data, out, budget=budget)
    if form is Form.DEFLATE:
        length = inflate(data, start, out, budget=budget)
        return length, None if length else RepairCode.ARCHIVE_TRUNCATED
    decoder = bz2.BZ2Decompressor() if form is Form.BZIP2 else lzma.LZMADecompressor(memlimit=XZ_MEMORY)
    for offset in range(start, len(data), PIECE_IN):
        piece = decoder.decompress(data[offset : offset + PIECE_IN], max_length=PIECE_OUT)
        _write(piece, out, budget=budget)
        while not (decoder.eof or decoder.needs_input):
            _write(decoder.decompress(b"", max_length=PIECE_OUT), out, budget=budget)
        if decoder.eof:
            return min(offset + PIECE_IN, len(data)) - len(decoder.unused_data), None
    return None, RepairCode.ARCHIVE_TRUNCATED


def _gzip_member(data: bytes, member: int, out: BytesIO, *, budget: Budget) -> tuple[int | None, RepairCode | None]:
    start = _after_gzip_header(data, member)
    begin = out.tell()
    length = inflate(data, start, out, budget=budget)
    if length is None or len(data) < start + length + _TRAILER.size:
        return None, RepairCode.ARCHIVE_TRUNCATED
    checksum, size = _TRAILER.unpack_from(data, start + length)
    body = out.getbuffer()[begin:]
    is_sound = zlib.crc32(body) == checksum and len(body) % 2**32 == size
    body.release()
    return start + length + _TRAILER.size, None if is_sound else RepairCode.ARCHIVE_CHECKSUM


def _zlib_stream(data: bytes, out: BytesIO, *, budget: Budget) -> tuple[int | None, RepairCode | None]:
    """RFC 1950 section 2.2; a preset dictionary, which nobody could know, is none."""
    length = inflate(data, ZLIB_HEADER, out, budget=budget)
    end = ZLIB_HEADER + (length or 0)
    trailer = data[end : end + ZLIB_TRAILER]
    if length is None or len(trailer) < ZLIB_TRAILER:
        return None, RepairCode.ARCHIVE_TRUNCATED
    is_sound = zlib.adler32(out.getbuffer()) == int.from_bytes(trailer, "big")
    return end + ZLIB_TRAILER, None if is_sound else RepairCode.ARCHIVE_CHECKSUM


def inflate(data: bytes, start: int, out: BytesIO, *, budget: Budget) -> int | None:
    """Inflate raw deflate data at `start` into `out`; its length in `data`, or None where it is cut off."""
    decoder = zlib.decompressobj(-zlib.MAX_WBITS)
    for offset in range(start, len(data), PIECE_IN):
        piece = data[offset : offset + PIECE_IN]
        budget.take_inflated(len(piece))
        while piece and not decoder.eof:
            _write(decoder.decompress(piece, PIECE_OUT), out, budget=budget)
            piece = decoder.unconsumed_tail
        if decoder.eof:
            return min(offset + PIECE_IN, len(data)) - len(decoder.unused_data) - start
    _write(decoder.flush(), out, budget=budget)
    return len(data) - len(decoder.unused_data) - start if decoder.eof else None


def _write(piece: bytes, out: BytesIO, *, budget: Budget) -> None:
    budget.take_bytes(len(piece))
    out.write(piece)


def _after_gzip_header(data: bytes, member: int) -> int:
    """RFC 1952 section 2.3."""
    position = member + GZIP_HEADER
    if not data.startswith(MAGIC[Form.GZIP], member) or position > len(data):
        raise EOFError
    flags = data[member + len(MAGIC[Form.GZIP])]
    if flags & _EXTRA:
        position += 2 + int.from_bytes(data[position : position + 2], "little")
    for flag in (_NAME, _COMMENT):
        if flags & flag:
            position = data.find(b"\0", position) + 1 or len(data)
    return position + 2 if flags & _HEADER_CRC else position
