"""Owns what parsedmarc 11 looks at before it parses: which bytes of a file, and which parts of a mail, it takes for a report."""

from __future__ import annotations

import base64
import binascii
import email
import zlib
from io import BytesIO
from zipfile import BadZipFile, ZipFile


def begins_as_report(data: bytes) -> bool:
    """Whether the file, or what lies in its first layer, begins with "<" or "{", without mark or blank before it."""
    return _unpacked(data)[:1] in (b"<", b"{")


def looks_into_mail(data: bytes) -> bool:
    """Whether some part of the mail would be taken for an aggregate or TLS report: of no text type, and in base64."""
    try:
        parts = list(email.message_from_bytes(data).walk())
    except (RecursionError, ValueError, LookupError):
        return False
    return any(_is_taken(part) for part in parts)


def _is_taken(part: email.message.Message) -> bool:
    kind = part.get_content_type()
    if part.is_multipart() or kind in ("text/plain", "text/html") or kind.startswith(("multipart/", "message/")):
        return False
    payload = str(part.get_payload())
    if kind == "application/tlsrpt+json" and payload.strip().startswith("{"):
        return True
    try:
        decoded = base64.b64decode(payload)
    except (binascii.Error, ValueError):
        return False
    return _unpacked(decoded).strip()[:1] in (b"<", b"{")


def _unpacked(data: bytes) -> bytes:
    try:
        if data.startswith(b"PK\x03\x04"):
            archive = ZipFile(BytesIO(data))
            return archive.read(archive.namelist()[0])
        if data.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(wbits=31).decompress(data)
    except (BadZipFile, zlib.error, IndexError, NotImplementedError, RuntimeError, EOFError):
        return b""
    return data
