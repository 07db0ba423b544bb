"""Builds what Outlook makes of mails: winmail.dat (MS-OXTNEF) and saved messages (MS-OXMSG in MS-CFB)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import pairwise

SECTOR, MINI, CUTOFF = 512, 64, 4096
NOBODY, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def winmail(*attachments: tuple[str, bytes]) -> bytes:
    """A winmail.dat with these attachments after a class and a body."""
    parts = [(1, 0x78008, b"IPM.Note\0"), (1, 0x2800C, b"hello\0")]
    for name, content in attachments:
        parts += [(2, 0x69002, b"\0" * 14), (2, 0x18010, name.encode("cp1252") + b"\0"), (2, 0x6800F, content)]
    return bytes.fromhex("789f3e220100") + b"".join(
        struct.pack("<BII", level, attribute, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)
        for level, attribute, value in parts
    )


@dataclass
class Storage:
    """A storage with streams and storages by name."""

    streams: dict[str, bytes] = field(default_factory=dict)
    storages: dict[str, Storage] = field(default_factory=dict)


def attachment(name: str, content: bytes) -> Storage:
    return Storage({"__substg1.0_3707001F": name.encode("utf-16-le"), "__substg1.0_37010102": content})


def message(*attachments: Storage, body: str = "hello") -> Storage:
    return Storage(
        {"__properties_version1.0": b"\0" * 32, "__substg1.0_1000001F": body.encode("utf-16-le")},
        {f"__attach_version1.0_#{number:08X}": each for number, each in enumerate(attachments)},
    )


def saved(root: Storage) -> bytes:
    """The compound file; of at most 60 kB, so that one sector of its FAT suffices."""
    return _Writer(root).data


class _Writer:
    def __init__(self, root: Storage) -> None:
        self._entries: list[list[object]] = []
        self._streams: list[tuple[int, bytes]] = []
        self._add("Root Entry", 5, root)
        sectors, fat = [b""], [FAT]
        mini, mini_fat = b"", []
        for number, content in self._streams:
            if len(content) < CUTOFF:
                self._entries[number][6] = len(mini) // MINI
                count = -(-len(content) // MINI)
                mini_fat += [len(mini_fat) + each + 1 for each in range(count - 1)] + [END] * bool(count)
                mini += content.ljust(count * MINI, b"\0")
            else:
                self._entries[number][6] = self._append(sectors, fat, content)
        self._entries[0][6], self._entries[0][7] = self._append(sectors, fat, mini), len(mini)
        first_mini = self._append(sectors, fat, struct.pack(f"<{len(mini_fat)}I", *mini_fat))
        directory = b"".join(map(self._packed, self._entries))
        first_entry = self._append(sectors, fat, directory)
        sectors[0] = struct.pack("<128I", *fat, *[NOBODY] * (128 - len(fat)))
        header = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 16 + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6) + b"\0" * 6
        header += struct.pack("<IIIIIIIII", 0, 1, first_entry, 0, CUTOFF, first_mini, 1, END, 0)
        self.data = header + struct.pack("<109I", 0, *[NOBODY] * 108) + b"".join(sectors)

    def _add(self, name: str, kind: int, storage: Storage) -> int:
        number = len(self._entries)
        self._entries.append([name, kind, NOBODY, NOBODY, NOBODY, 0, END, 0])
        children = [self._add(each, 1, inner) for each, inner in storage.storages.items()]
        for each, content in storage.streams.items():
            children.append(len(self._entries))
            self._streams.append((len(self._entries), content))
            self._entries.append([each, 2, NOBODY, NOBODY, NOBODY, 0, END, len(content)])
        for child, after in pairwise(children):
            self._entries[child][3] = after
        self._entries[number][4] = children[0] if children else NOBODY
        return number

    @staticmethod
    def _append(sectors: list[bytes], fat: list[int], content: bytes) -> int:
        start, count = len(sectors), -(-len(content) // SECTOR)
        if not count:
            return END
        sectors += [content[at * SECTOR : (at + 1) * SECTOR].ljust(SECTOR, b"\0") for at in range(count)]
        fat += [start + each + 1 for each in range(count - 1)] + [END]
        return start

    @staticmethod
    def _packed(entry: list[object]) -> bytes:
        name, kind, left, right, child, _, start, size = entry
        text = str(name).encode("utf-16-le")
        return struct.pack("<64sHBBIII36xIQ", text, len(text) + 2, kind, 1, left, right, child, start, size)
