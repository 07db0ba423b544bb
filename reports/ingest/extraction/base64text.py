"""Decodes base64 as mail programs spoil it: footers glued on, padding in the middle, stray lines. Nothing else."""

from __future__ import annotations

import base64
import binascii
import re

QUAD = 4
_LINE = re.compile(rb"[A-Za-z0-9+/]*={0,3}\Z")
_RUN = re.compile(rb"[A-Za-z0-9+/]+")


def decode_base64(text: bytes) -> tuple[bytes, bool]:
    """The decoded bytes, and whether something had to be left out. Stops at the first line that is not base64."""
    try:
        return base64.b64decode(b"".join(text.split()), validate=True), False
    except binascii.Error:
        lines: list[bytes] = []
        for line in text.split(b"\n"):
            bare = line.strip()
            if not _LINE.match(bare):
                break
            lines.append(bare)
        runs = _RUN.findall(b"".join(lines))
        return b"".join(_decode_run(run) for run in runs), True


def _decode_run(run: bytes) -> bytes:
    left = len(run) % QUAD
    whole = run[:-1] if left == 1 else run
    return base64.b64decode(whole + b"=" * (-len(whole) % QUAD))
