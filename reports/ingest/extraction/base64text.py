"""Decodes base64 as mail programs spoil it: footers glued on, padding in the middle, stray lines. Nothing else."""

from __future__ import annotations

import base64
import binascii
import re

QUAD = 4
_LINE = re.compile(rb"[A-Za-z0-9+/]*={0,3}\Z")
_FOREIGN = re.compile(rb"[^A-Za-z0-9+/=]+")
LONG_LINE = 60
MOST_FOREIGN = 8
"""A long line without blanks in which at most one in so many characters is none of base64 was spoilt on its way."""
_RUN = re.compile(rb"[A-Za-z0-9+/]+")


def decode_base64(text: bytes) -> tuple[bytes, bool]:
    """The decoded bytes, and whether something had to be left out. Stops at the first line that is not base64.

    Single foreign characters in a line are passed over (RFC 2045 section 6.8).
    """
    try:
        return binascii.a2b_base64(b"".join(text.split()), strict_mode=True), False
    except binascii.Error:
        lines: list[bytes] = []
        for line in text.split(b"\n"):
            bare = line.strip()
            kept = bare if _LINE.match(bare) else _spoilt(bare)
            if kept is None:
                break
            lines.append(kept)
        runs = _RUN.findall(b"".join(lines))
        return b"".join(_decode_run(run) for run in runs), True


def _spoilt(line: bytes) -> bytes | None:
    """The line without its foreign characters; None where it is another kind of text."""
    if len(line) < LONG_LINE or len(line.split()) > 1:
        return None
    kept = _FOREIGN.sub(b"", line)
    return kept if (len(line) - len(kept)) * MOST_FOREIGN <= len(line) else None


def _decode_run(run: bytes) -> bytes:
    left = len(run) % QUAD
    whole = run[:-1] if left == 1 else run
    return base64.b64decode(whole + b"=" * (-len(whole) % QUAD))
