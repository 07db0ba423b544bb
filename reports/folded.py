"""A text that is still packed, and gone through without being held whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

PIECE = 1 << 18


class Folded(NamedTuple):
    """A text that is still packed: `packed` is nothing but its deflate stream (RFC 1951), `size` what it unfolds to."""

    packed: bytes
    size: int

    def pieces(self) -> Iterator[bytes]:
        """The text, some PIECE bytes at a time. Raises zlib.error where the stream is damaged or ends early or late."""
        decoder = zlib.decompressobj(-zlib.MAX_WBITS)
        position = 0
        packed = b""
        while not decoder.eof:
            if not packed:
                packed = self.packed[position : position + PIECE]
                position += len(packed)
                if not packed:
                    raise zlib.error("the stream is cut off")
            if piece := decoder.decompress(packed, PIECE):
                yield piece
            packed = decoder.unconsumed_tail
        if decoder.unused_data or position < len(self.packed):
            raise zlib.error("something follows the stream")

    def whole(self) -> bytes:
        text = BytesIO()  # which hands out what it holds without another copy
        text.writelines(self.pieces())
        return text.getvalue()
