"""Lists what a message holds that Outlook saved (.msg: MS-OXMSG, in a compound file, MS-CFB). Looks into none of it.

Each part is told by the number of its property, wherever in the tree of storages it lies, attached messages included.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reports.ingest.extraction.archives import Member
from reports.ingest.extraction.limits import Budget
from reports.vocabulary import Reason

_HEADER = struct.Struct("<30xHH14xI4xII4xI4x109I")  # MS-CFB 2.2
_NUMBER = 4
_NAME_LENGTH = 1024
_NO_SECTOR = 0xFFFFFFFA
_ENTRY = struct.Struct("<64sHBxIII36xIQ")  # MS-CFB 2.6.1
_ROOT, _STREAM = 0, 2
_CONTENT, _BODY = "__substg1.0_37010102", "__substg1.0_1000001F"
_NAMES = ("__substg1.0_3707001F", "__substg1.0_3704001F")
"""The content of an attachment, the plain body of a message, the long and the short name of a file (MS-OXPROPS)."""


class _Entry(NamedTuple):
    name: str
    kind: int
    left: int
    right: int
    child: int
    start: int
    size: int


def saved_members(data: bytes, *, budget: Budget) -> Iterator[Member]:
    """Bodies and attachments; raises `LimitExceeded`. A compound file that is no message has none."""
    try:
        yield from _members(_CompoundFile(data), budget=budget)
    except (struct.error, IndexError, ValueError):
        yield Member("", problem=Reason.DAMAGED_ARCHIVE)


def _members(file: _CompoundFile, *, budget: Budget) -> Iterator[Member]:
    for streams in file.storages():
        names = [streams[each] for each in _NAMES if each in streams and streams[each].size <= _NAME_LENGTH]
        for each in (_BODY, _CONTENT):
            if each not in streams:
                continue
            budget.take_member()
            budget.take_bytes(min(streams[each].size, len(file.data)))
            content = file.read(streams[each])
            if each == _BODY and content:
                yield Member("", content.decode("utf-16-le", "replace").encode("utf-8", "replace"))
            elif each == _CONTENT:
                yield Member(file.read(names[0]).decode("utf-16-le", "replace") if names else "", content)


class _CompoundFile:
    """The directory and the streams of a compound file. Raises struct.error, IndexError or ValueError where it is damaged."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        shift, mini_shift, first_entry, self._cutoff, first_mini, *fat = _HEADER.unpack_from(data)
        if shift not in (9, 12) or mini_shift != 6:  # noqa: PLR2004  the only sizes that there are (MS-CFB 2.2)
            raise ValueError("sizes of sectors")
        self._size, self._mini_size = 1 << shift, 1 << mini_shift
        self._fat = self._numbers(self._fat_sectors(*fat))
        most = len(data) // self._mini_size * _NUMBER // self._size + 1
        self._mini_fat = self._numbers(self._chain(first_mini, self._fat, most=most))
        self._entries = [self._entry(each) for each in _ENTRY.iter_unpack(self._joined(first_entry))]
        self._mini = self._joined(self._entries[_ROOT].start)

    def storages(self) -> Iterator[dict[str, _Entry]]:
        """The streams of each storage by name."""
        seen: set[int] = set()
        for storage in self._entries:
            streams: dict[str, _Entry] = {}
            waiting = [storage.child] if storage.kind != _STREAM else []
            while waiting:
                number = waiting.pop()
                if number < len(self._entries) and number not in seen:
                    seen.add(number)
                    entry = self._entries[number]
                    waiting += [entry.left, entry.right]
                    if entry.kind == _STREAM:
                        streams.setdefault(entry.name, entry)
            yield streams

    def read(self, entry: _Entry) -> bytes:
        if entry.size >= self._cutoff:
            return self._joined(entry.start, most=entry.size // self._size + 1)[: entry.size]
        size = self._mini_size
        sectors = self._chain(entry.start, self._mini_fat, most=entry.size // size + 1)
        return b"".join(self._mini[each * size : each * size + size] for each in sectors)[: entry.size]

    def _entry(self, fields: tuple[bytes, int, int, int, int, int, int, int]) -> _Entry:
        name, length, kind, left, right, child, start, size = fields
        text = name[: max(length - 2, 0)].decode("utf-16-le", "replace")
        return _Entry(text, kind, left, right, child, start, size & 0xFFFFFFFF)

    def _fat_sectors(self, further: int, *found_in_header: int) -> list[int]:
        """Those that the header names, and those that further sectors name, each of which ends in the next one."""
        found = list(found_in_header)
        most = len(self.data) // self._size * _NUMBER // self._size + 1
        while further < _NO_SECTOR and len(found) <= most:
            *numbers, further = self._numbers([further])
            found += numbers
        return [each for each in found if each < _NO_SECTOR][:most]

    def _numbers(self, sectors: Sequence[int]) -> list[int]:
        content = b"".join(self._sector(each) for each in sectors)
        return list(struct.unpack(f"<{len(content) // _NUMBER}I", content))

    def _chain(self, start: int, table: Sequence[int], *, most: int | None = None) -> list[int]:
        """At most as many sectors as there can be, or as are asked for: a chain may lead back into itself."""
        found: list[int] = []
        bound = min(len(table), len(self.data) // self._mini_size)
        while start < _NO_SECTOR and len(found) < (bound if most is None else min(bound, most)):
            found.append(start)
            start = table[start]
        return found

    def _joined(self, start: int, *, most: int | None = None) -> bytes:
        return b"".join(self._sector(each) for each in self._chain(start, self._fat, most=most))

    def _sector(self, number: int) -> bytes:
        return self.data[(number + 1) * self._size : (number + 2) * self._size]
