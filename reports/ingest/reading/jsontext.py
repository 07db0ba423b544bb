"""Bytes to plain JSON values (RFC 8259), whatever was done to the text on its way. Knows nothing of reports."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Sequence

from reports.errors import Unreadable
from reports.ingest.reading.python_text import as_json
from reports.ingest.reading.repairs import Repairs
from reports.ingest.reading.tls_values import text_of
from reports.vocabulary import Reason, RepairCode

SIZE_MAX = 8 << 20
"""Bytes; as Python's values a text takes some thirty times its size. The largest real reports have a few hundred kB."""
DIGITS_MAX = 18
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HUMP = re.compile("(?<=[a-z])(?=[A-Z])")
_STRAY_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\\?\Z))|,(?=\s*[]}])', re.S)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[][{},]', re.S)
_CLOSING = {"{": "}", "[": "]"}
WHOLE_DEPTH = 2
"""A policy is whole where only the list of policies and the report around it are open."""
_SPACE = " \t\r\n\f\v\0"


def read_json(data: bytes, *, repairs: Repairs) -> object:
    """The first JSON value; keys are lower case with hyphens, and the first of equal keys counts.

    Numbers come as int, and as text where they have fractions or more than DIGITS_MAX digits; NaN and the like come as None.
    Raises `Unreadable`.
    """
    if len(data) > SIZE_MAX:
        raise Unreadable(Reason.TOO_LARGE, (("limit", str(SIZE_MAX)),))
    text = _decoded(data, repairs=repairs).strip(_SPACE)

    def number(digits: str) -> int | str:
        return int(digits) if len(digits) <= DIGITS_MAX else digits

    def no_number(word: str) -> None:
        repairs.note(RepairCode.NO_JSON_NUMBER, "", word)

    def members(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
        return _members(pairs, repairs=repairs)

    decoder = json.JSONDecoder(
        parse_int=number, parse_float=str, parse_constant=no_number, object_pairs_hook=members, strict=False
    )
    try:
        text, value, end = _first_value(text, decoder, repairs=repairs)
    except (ValueError, RecursionError):
        raise Unreadable(Reason.NOT_JSON) from None
    if end < len(text):
        repairs.note(RepairCode.TEXT_AFTER_JSON, "", text_of(text[end:]))
    return value


def _first_value(text: str, decoder: json.JSONDecoder, *, repairs: Repairs) -> tuple[str, object, int]:
    """The text, mended where it had to be, its first value, and where that ends. Raises what the decoder does."""
    try:
        return text, *decoder.raw_decode(text)
    except ValueError:
        strict = as_json(text)
        if strict != text:
            repairs.note(RepairCode.PYTHON_TEXT)
        text = _mended(strict, repairs=repairs)
        return text, *decoder.raw_decode(text)


def _mended(text: str, *, repairs: Repairs) -> str:
    """The text without commas before a bracket; where it breaks off, up to its last whole policy, with its ends added."""
    plain = _STRAY_COMMA.sub(lambda found: found[1] or "", text)
    if plain != text:
        repairs.note(RepairCode.STRAY_COMMA, times=len(text) - len(plain))
    completed = _completed(plain)
    if completed:
        repairs.note(RepairCode.JSON_TRUNCATED)
    return completed or plain


def _completed(text: str) -> str:
    """The text up to its last whole policy with the brackets closed that are open there; "" where it does not break off."""
    still_open: list[str] = []
    whole = ""
    end = 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in _CLOSING:
            still_open.append(_CLOSING[sign])
        elif sign in ("}", "]"):
            if not still_open or still_open.pop() != sign or not still_open:
                return ""
        elif sign == "," and len(still_open) <= WHOLE_DEPTH:
            end, whole = token.start(), "".join(reversed(still_open))
    return text[:end] + whole if whole else ""


def _members(pairs: Sequence[tuple[str, object]], *, repairs: Repairs) -> dict[str, object]:
    found: dict[str, object] = {}
    for sent, value in pairs:
        key = _HUMP.sub("-", sent.strip()).lower().replace("_", "-")
        if key != sent:
            repairs.note(RepairCode.KEY_REWRITTEN, "", text_of(sent))
        if key in found:
            repairs.note(RepairCode.REPEATED_KEY, "", text_of(key))
        else:
            found[key] = value
    return found


def _decoded(data: bytes, *, repairs: Repairs) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            repairs.note(RepairCode.JSON_ENCODING, "", f"{encoding}, byte order mark")
            return data[len(mark) :].decode(encoding, "replace")
    head = data[:64].lstrip(b"\r\n\t ")
    for start, encoding in ((b"{\0\0\0", "utf-32-le"), (b"{\0", "utf-16-le"), (b"\0{", "utf-16-be")):
        if head.startswith(start):
            repairs.note(RepairCode.JSON_ENCODING, "", encoding)
            return data.decode(encoding, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        repairs.note(RepairCode.JSON_ENCODING, "", "windows-1252")
        return data.decode("cp1252", "replace")
