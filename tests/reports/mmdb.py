"""Writes small MMDB files (MaxMind DB format 2.0), so that tests need nobody's data."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

_SEPARATOR = b"\0" * 16
UINT16, UINT32, UINT64 = 5, 6, 9
_KINDS = {
    "record_size": UINT16, "ip_version": UINT16, "build_epoch": UINT64,
    "binary_format_major_version": UINT16, "binary_format_minor_version": UINT16,
}  # fmt: skip
_METADATA = b"\xab\xcd\xefMaxMind.com"


def write_mmdb(path: Path, networks: Mapping[str, Mapping[str, Any]], *, ip_version: int = 6) -> Path:
    """A file that answers with the record of the network an address is in; IPv4 stands below ::/96 as the format says."""
    data, places = b"", {}
    for network, record in networks.items():
        places[network], data = len(data), data + _encode(record)
    tree: list[list[int | None]] = [[None, None]]
    leaves: dict[tuple[int, int], int] = {}
    for network, place in places.items():
        _insert(tree, leaves, _bits(network, ip_version), place)
    count = len(tree)
    nodes = b""
    for index, pair in enumerate(tree):
        for side in (0, 1):
            node = pair[side]
            leaf = leaves.get((index, side))
            value = count + 16 + leaf if leaf is not None else count if node is None else node
            nodes += value.to_bytes(4, "big")
    about = {
        "node_count": count, "record_size": 32, "ip_version": ip_version, "database_type": "test", "languages": [],
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1, "description": {},
    }  # fmt: skip
    path.write_bytes(nodes + _SEPARATOR + data + _METADATA + _encode(about))
    return path


def _bits(network: str, ip_version: int) -> str:
    parsed = ip_network(network)
    whole = f"{int(parsed.network_address):0{parsed.max_prefixlen}b}"[: parsed.prefixlen]
    return "0" * 96 + whole if parsed.version == 4 and ip_version == 6 else whole


def _insert(tree: list[list[int | None]], leaves: dict[tuple[int, int], int], bits: str, place: int) -> None:
    node = 0
    for bit in bits[:-1]:
        child = tree[node][int(bit)]
        if child is None:
            tree.append([None, None])
            child = tree[node][int(bit)] = len(tree) - 1
        node = child
    leaves[node, int(bits[-1])] = place


def _encode(value: Any, *, number_kind: int = UINT32) -> bytes:
    if isinstance(value, str):
        text = value.encode()
        return _control(2, len(text)) + text
    if isinstance(value, dict | Mapping):
        return _control(7, len(value)) + b"".join(
            _encode(key) + _encode(each, number_kind=_KINDS.get(key, UINT32)) for key, each in value.items()
        )
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(_encode, value))
    number = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _control(number_kind, len(number)) + number


def _control(kind: int, size: int) -> bytes:
    """Types above 7 stand in a second byte; sizes from 29 on in one or two bytes after it."""
    first, more = (
        (size, b"") if size < 29 else (29, bytes([size - 29])) if size < 285 else (30, (size - 285).to_bytes(2, "big"))
    )
    return (bytes([kind << 5 | first]) if kind < 8 else bytes([first, kind - 7])) + more
