"""Splits mbox files (RFC 4155) in a stream, one message in memory at a time. Looks into no message."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from reports.ingest.extraction.limits import Limits

# Atomic and possessive: else each time of day in a line of a mebibyte would be tried with each year.
_FROM_LINE = re.compile(rb"^From (?:(?>.*?\d\d:\d\d).*?\d{4}|\S[^\s@]*+@\S++\s)")
_QUOTED_FROM = re.compile(rb"^>+From ")
_SPACE = b" \t\r\n\f\v"
_QUOTE = ord(">")
LINE_LENGTH = BLOCK = 1 << 20


def is_mbox(head: bytes) -> bool:
    """Whether a file that begins with `head` is an mbox: a From_ line, then a header field."""
    first, _, rest = head.lstrip(b"\r\n").partition(b"\n")
    return bool(_FROM_LINE.match(first)) and bool(re.match(rb"[!-9;-~]+[ \t]*:|>?From ", rest))


def split_mbox(stream: BinaryIO, *, max_bytes: int = Limits().bytes_in) -> Iterator[bytes]:
    """The messages of an mbox without their From_ lines, ">From " lines unquoted by one.

    Of a message longer than `max_bytes`, that many bytes and one more are given, so that extraction says it is too large.
    """
    lines: list[bytes] = []
    size, counted, is_after_blank, is_kept = 0, 0, True, False
    for block in _blocks(stream):
        for line in block:
            if is_after_blank and line.startswith(b"From ") and _FROM_LINE.match(line):
                if lines:
                    yield b"".join(lines)[: max_bytes + 1]
                lines, size, counted, is_after_blank, is_kept = [], 0, 0, False, True
                continue
            first = line[0]
            is_after_blank = first in _SPACE and not line.strip()
            if is_kept:
                lines.append(line[1:] if first == _QUOTE and _QUOTED_FROM.match(line) else line)
        size += sum(map(len, lines[counted:]))
        counted = len(lines)
        is_kept = is_kept and size <= max_bytes
    if lines:
        yield b"".join(lines)[: max_bytes + 1]


def _blocks(stream: BinaryIO) -> Iterator[list[bytes]]:
    """The lines with their ends, many at once: asking for each by itself takes longer than looking at it.

    A line of more than BLOCK bytes comes in pieces.
    """
    rest = b""
    while chunk := stream.read(BLOCK):
        lines = BytesIO(rest + chunk).readlines()
        rest = b"" if lines[-1].endswith(b"\n") or len(lines[-1]) >= BLOCK else lines.pop()
        yield lines
    if rest:
        yield [rest]


def mbox_ranges(stream: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """(start, length, SHA-256) of each message of an mbox with its From_ line; each range is an mbox of its own."""
    start, end, is_after_blank = -1, 0, True
    digest = hashlib.sha256()
    while line := stream.readline(LINE_LENGTH):
        if is_after_blank and _FROM_LINE.match(line):
            if start >= 0:
                yield start, end - start, digest.digest()
            start, digest = end, hashlib.sha256()
        is_after_blank = not line.strip()
        end += len(line)
        digest.update(line)
    if start >= 0:
        yield start, end - start, digest.digest()
