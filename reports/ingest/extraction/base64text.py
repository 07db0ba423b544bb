"""Decodes base64 as mail programs spoil it: footers glued on, padding in the middle, stray lines. Nothing else."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

QUAD = 4
_SPACE = b" \t\n\r\x0b\f"
SHORT_LINE = 40
"""A shorter line may be a word before the base64."""
_BEFORE_LINE = b"> \xef\xbb\xbf"
"""Quoting in an answer, and a byte order mark."""
_OTHER_ALPHABET = re.compile(rb"(?=[^-_]*[-_])[A-Za-z0-9_-]+={0,2}")  # RFC 4648 section 5
_USUAL_ALPHABET = bytes.maketrans(b"-_", b"+/")
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
    bare = text.translate(None, _SPACE)
    try:
        return binascii.a2b_base64(bare, strict_mode=True), False
    except binascii.Error:
        if _OTHER_ALPHABET.fullmatch(bare):
            return _decode_run(bare.translate(_USUAL_ALPHABET).rstrip(b"=")), True
        runs = _RUN.findall(b"".join(_kept(text)))
        return b"".join(_decode_run(run) for run in runs), True


def _kept(text: bytes) -> Iterator[bytes]:
    """The lines of base64 without what mail programs put before and into them, up to the first that is none."""
    lines = [line.strip().lstrip(_BEFORE_LINE) for line in text.split(b"\n")]
    start = next((at for at, line in enumerate(lines) if len(line) >= SHORT_LINE and _bare(line) is not None), 0)
    for line in lines[start:]:
        kept = _bare(line)
        if kept is None:
            return
        yield kept


def _bare(line: bytes) -> bytes | None:
    """The line without its foreign characters; None where it is another kind of text."""
    if _LINE.match(line):
        return line
    if len(line) < LONG_LINE or len(line.split()) > 1:
        return None
    kept = _FOREIGN.sub(b"", line)
    return kept if (len(line) - len(kept)) * MOST_FOREIGN <= len(line) else None


def _decode_run(run: bytes) -> bytes:
    left = len(run) % QUAD
    whole = run[:-1] if left == 1 else run
    return base64.b64decode(whole + b"=" * (-len(whole) % QUAD))
