"""The content of an opaque S/MIME signature (RFC 8551 section 3.5.2), in one piece or in chunks. Checks no signature."""

from __future__ import annotations

_ID_DATA = bytes.fromhex("06092a864886f70d010701")
"""The object identifier that the signed content is "data" (RFC 5652 section 4)."""
_NOTHING_ELSE, _ENDS = bytes([0x30, len(_ID_DATA)]), bytes(2)
"""Before it, the sequence that holds nothing but it; behind it, the end of one whose length is not told."""
_CONTENT, _OCTETS, _CHUNKED = 0xA0, 0x04, 0x24
_LONG, _LENGTH_BYTES = 0x80, 8


def signed_content(data: bytes) -> bytes:
    """The signed bytes, b"" where the structure holds none. BER may split them into chunks, of a length told or not.

    Where the structure is damaged, the signed mail is looked for by its first field.
    """
    found = data.find(_ID_DATA)
    position = found + len(_ID_DATA)
    chunks: list[bytes] = []
    while found >= 0 and position + 1 < len(data):
        tag = data[position]
        length, position = _length(data, position + 1)
        if tag == _OCTETS:
            chunks.append(data[position : position + length])
            position += length
        elif chunks or tag not in (_CONTENT, _CHUNKED):
            break
    field = -1 if chunks else data.find(b"Content-Type:")
    return b"".join(chunks) if field < 0 else data[field:]


def is_detached(data: bytes) -> bool:
    """Whether it is a signature alone, as of a mail that is signed in the clear (RFC 8551 section 3.5.3)."""
    found = data.find(_ID_DATA)
    end = found + len(_ID_DATA)
    return found >= 0 and (data.endswith(_NOTHING_ELSE, 0, found) or data.startswith(_ENDS, end))


def _length(data: bytes, position: int) -> tuple[int, int]:
    """The length at this position and where the value begins; an indefinite length is 0 (X.690 section 8.1.3)."""
    first, position = data[position], position + 1
    if first < _LONG:
        return first, position
    size = first - _LONG
    if size > _LENGTH_BYTES:
        return 0, position
    return int.from_bytes(data[position : position + size], "big"), position + size
