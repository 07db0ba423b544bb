"""Lists the attachments of a winmail.dat, as Outlook writes it (MS-OXTNEF). Looks into none of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from reports.ingest.extraction.archives import Member
from reports.ingest.extraction.limits import Budget

_START = 6
_ATTRIBUTE = struct.Struct("<BII")
_CHECKSUM = 2
_TITLE, _DATA, _NEXT = 0x18010, 0x6800F, 0x69002
"""attAttachTitle, attAttachData, and attAttachRendData, with which each attachment begins (2.1.3.3)."""


def tnef_members(data: bytes, *, budget: Budget) -> Iterator[Member]:
    """The attachments in their order, as far as the structure holds; raises `LimitExceeded`."""
    name, content = "", b""
    for attribute, value in _attributes(data):
        if attribute == _NEXT:
            if content:
                yield _member(name, content, budget=budget)
            name, content = "", b""
        elif attribute == _TITLE:
            name = value.split(b"\0")[0].decode("cp1252", "replace")
        elif attribute == _DATA:
            content = value
    if content:
        yield _member(name, content, budget=budget)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = _START
    while position + _ATTRIBUTE.size <= len(data):
        _, attribute, length = _ATTRIBUTE.unpack_from(data, position)
        position += _ATTRIBUTE.size
        yield attribute, data[position : position + length]
        position += length + _CHECKSUM


def _member(name: str, content: bytes, *, budget: Budget) -> Member:
    budget.take_member()
    budget.take_bytes(len(content))
    return Member(name, content)
