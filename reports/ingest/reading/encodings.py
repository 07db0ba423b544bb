"""Turns the bytes of an XML text into UTF-8, by mark, declaration or guess. Looks at nothing else in it."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from reports.ingest.reading.repairs import Repairs
from reports.vocabulary import RepairCode

CHUNK = 1 << 16

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_USUAL = re.compile(rb"""(?i)<(?:\?xml version=["']1\.0["'](?: encoding=["']utf-8["'])? ?\?>|feedback[ >])""")
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""", re.I)


def to_utf8(data: bytes, *, repairs: Repairs) -> bytes:
    """The text in UTF-8 without mark; single bytes that are none are read as windows-1252. Raises nothing."""
    if _USUAL.match(data) and data.isascii():
        return data
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            repairs.note(RepairCode.BYTE_ORDER_MARK, "", encoding)
            data = data[len(mark) :]
            return _checked_utf8(data, repairs=repairs) if encoding == "utf-8" else _converted(data, encoding)
    unmarked = _unmarked_wide(data)
    if unmarked:
        repairs.note(RepairCode.ENCODING_GUESSED, "", unmarked)
        return _converted(data, unmarked)
    declared = _DECLARED.search(data, 0, CHUNK)
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    encoding = _encoding_named(name)
    if encoding in ("utf-8", "ascii") or encoding.startswith(("utf-16", "utf-32")) or _contradicts(declared, encoding):
        return _checked_utf8(data, repairs=repairs)
    if not data.isascii():
        repairs.note(RepairCode.ENCODING_CONVERTED, "", name)
    return _converted(data, encoding)


def _contradicts(declared: re.Match[bytes] | None, encoding: str) -> bool:
    """Whether the declaration itself, which was legible as ASCII, is something else in the encoding that it declares."""
    return declared is not None and declared[0].decode(encoding, "replace") != declared[0].decode("ascii", "replace")


@lru_cache(maxsize=64)
def _encoding_named(name: str) -> str:
    """The codec's own name; "utf-8" where there is none of that name."""
    try:
        b" ".decode(name, "replace")  # refuses "hex", "idna" and other codecs that are none for text
        return codecs.lookup(name).name
    except (LookupError, UnicodeError):
        return "utf-8"


def _converted(data: bytes, encoding: str) -> bytes:
    return data.decode(encoding, "replace").encode("utf-8", "replace")


def _unmarked_wide(data: bytes) -> str:
    at = data[:64].find(b"<")
    if at < 0:
        return ""
    if data[at + 1 : at + 4] == b"\0\0\0":
        return "utf-32-le"
    if data[at + 1 : at + 2] == data[at + 3 : at + 4] == b"\0":
        return "utf-16-be" if at % 2 else "utf-16-le"
    return ""


def _checked_utf8(data: bytes, *, repairs: Repairs) -> bytes:
    if data.isascii():
        return data
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for offset in range(0, len(data), CHUNK):
            decoder.decode(data[offset : offset + CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        repairs.note(RepairCode.ENCODING_GUESSED, "", "windows-1252")
        return data.decode("utf-8", BY_CP1252).encode("utf-8")
    return data


BY_CP1252 = "sekimori.cp1252"
# Bytes with which no character of UTF-8 begins, or that begin one and are not gone on with.
_NEVER_UTF8 = re.compile(rb"(?:[\x80-\xc1\xf5-\xff]|[\xc2-\xf4](?![\x80-\xbf]))+")


def _bytes_by_cp1252(error: UnicodeError) -> tuple[str, int]:
    """As many bytes at once as are surely none of UTF-8: a call for each of millions would take minutes."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    run = _NEVER_UTF8.match(error.object, error.start)
    end = run.end() if run else error.end
    return error.object[error.start : end].decode("cp1252", "replace"), end


codecs.register_error(BY_CP1252, _bytes_by_cp1252)
