"""IP addresses and networks as integers, because a look-up of one mail must cost microseconds, not an object tree."""

from __future__ import annotations

import socket
from typing import NamedTuple

_MAPPED = bytes(10) + b"\xff\xff"
"""IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2): one host must not be two sources, so it is read as IPv4."""


class Address(NamedTuple):
    bits: int
    value: int
    text: str
    """Canonical (RFC 5952), as `inet_ntop` writes it."""


class Network(NamedTuple):
    bits: int
    prefix: int
    value: int
    """The leading `prefix` bits, shifted right: equal to `address.value >> (bits - prefix)` for members."""

    def covers(self, address: Address) -> bool:
        return self.bits == address.bits and address.value >> (self.bits - self.prefix) == self.value


def read_address(text: str) -> Address | None:
    """The address, or None where the text is none (a zone index included)."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        packed = socket.inet_pton(family, text)
    except (OSError, ValueError):
        return None
    if packed.startswith(_MAPPED):
        family, packed = socket.AF_INET, packed[12:]
    return Address(len(packed) * 8, int.from_bytes(packed, "big"), socket.inet_ntop(family, packed))


def read_network(text: str) -> Network | None:
    """The network, or None unless it is written canonically: RFC 5952 text, a prefix length, no host bits."""
    host, slash, length = text.partition("/")
    address = read_address(host)
    if not slash or address is None or address.text != host:
        return None
    if not length.isascii() or not length.isdecimal() or str(int(length)) != length or int(length) > address.bits:
        return None
    shift = address.bits - int(length)
    if address.value >> shift << shift != address.value:
        return None
    return Network(address.bits, int(length), address.value >> shift)
