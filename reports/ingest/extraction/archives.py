"""Lists the members of zip and tar archives, each on its own: a damaged or encrypted one takes no sibling with it."""

from __future__ import annotations

import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import IO, NamedTuple

from reports.ingest.extraction.limits import MIB, Budget
from reports.ingest.extraction.plain_zip import single_file
from reports.ingest.extraction.salvage import CENTRAL_MAGIC, LOCAL_MAGIC, Salvaged, salvage_member, salvage_zip
from reports.vocabulary import Reason, RepairCode

ENCRYPTED_FLAG = 1
AES_METHOD = 99
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, OverflowError)


_STARTS = re.compile(rb"\x1f\x8b\x08[\0-\x1f]|PK\x03\x04")
START_LENGTH = 1 << 16


class Member(NamedTuple):
    """One file of an archive: its bytes, or why there are none (`problem`)."""

    name: str
    data: bytes = b""
    repairs: tuple[RepairCode, ...] = ()
    problem: Reason | None = None


def start_within(data: bytes) -> int:
    """Where a gzip or zip begins in bytes that begin with something else; 0 where there is none near their beginning."""
    found = _STARTS.search(data, 1, START_LENGTH)
    return found.start() if found else 0


def zip_members(data: bytes, *, budget: Budget) -> Iterator[Member]:
    """The files of a zip archive in the order of its directory; raises `LimitExceeded`."""
    if plain := single_file(data, budget=budget):
        yield Member(plain.name, plain.data)
        return
    budget.check_entries(data.count(CENTRAL_MAGIC))
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except (*_DAMAGE, NotImplementedError):
        yield from _salvaged(data, budget=budget)
        return
    with archive:
        if not all(data.startswith(LOCAL_MAGIC, max(info.header_offset, 0)) for info in archive.infolist()):
            yield from _salvaged(data, budget=budget)
            return
        for info in archive.infolist():
            # is_dir() fails on the empty name that some reporters give
            if info.file_size or not info.filename.endswith("/"):
                budget.take_member()
                yield _zip_member(archive, info, data, budget=budget)


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes, *, budget: Budget) -> Member:
    if info.flag_bits & ENCRYPTED_FLAG or info.compress_type == AES_METHOD:
        return Member(info.filename, problem=Reason.ENCRYPTED)
    try:
        with archive.open(info) as file:
            return Member(info.filename, _read(file, budget=budget))
    except NotImplementedError:
        return Member(info.filename, problem=Reason.UNSUPPORTED_ARCHIVE)
    except (*_DAMAGE, RuntimeError):
        found = salvage_member(data, info.header_offset, budget=budget)
        return _salvaged_member(found) if found else Member(info.filename, problem=Reason.DAMAGED_ARCHIVE)


def _salvaged(data: bytes, *, budget: Budget) -> Iterator[Member]:
    is_empty = True
    for found in salvage_zip(data, budget=budget):
        is_empty = False
        yield _salvaged_member(found)
    if is_empty:
        yield Member("", problem=Reason.DAMAGED_ARCHIVE)


def _salvaged_member(found: Salvaged) -> Member:
    if found.is_encrypted:
        return Member(found.name, problem=Reason.ENCRYPTED)
    return Member(found.name, found.data, (RepairCode.ARCHIVE_SALVAGED,))


def tar_members(data: bytes, *, budget: Budget) -> Iterator[Member]:
    """The regular files of an uncompressed tar archive; what follows a damaged header is lost and said so."""
    name = ""
    try:
        with tarfile.open(fileobj=BytesIO(data), mode="r:") as archive:
            for info in archive:
                budget.take_member()
                file = archive.extractfile(info) if info.isreg() else None
                if file:
                    name = info.name
                    is_cut = info.offset_data + info.size > len(data)
                    content = data[info.offset_data :] if is_cut else _read(file, budget=budget)
                    yield Member(name, content, (RepairCode.ARCHIVE_TRUNCATED,) if is_cut else ())
    except (tarfile.TarError, RecursionError, *_DAMAGE):  # header upon header, each of which announces the next one
        yield Member(name, problem=Reason.DAMAGED_ARCHIVE)


def _read(file: IO[bytes], *, budget: Budget) -> bytes:
    out = BytesIO()
    while piece := file.read(MIB):
        budget.take_bytes(len(piece))
        out.write(piece)
    return out.getvalue()
