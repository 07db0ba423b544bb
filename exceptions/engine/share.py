"""Which (source address, From domain) pairs a partial enforcement takes in: the same pair always, on every node."""

from __future__ import annotations

import hashlib

WHOLE = 100


def share_hash(source: str, header_from: str) -> int:
    """A number from 0 to 99 that depends on nothing but the pair; `source` is canonical text, `header_from` a key.

    First four bytes, big-endian, of SHA-256 over "source|header_from", modulo 100.
    """
    digest = hashlib.sha256(f"{source}|{header_from}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") % WHOLE


def is_enforced(*, share: int, source: str, header_from: str) -> bool:
    """Whether the pair belongs to the `share` per cent that are enforced."""
    return share >= WHOLE or (share > 0 and share_hash(source, header_from) < share)
