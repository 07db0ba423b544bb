"""Single values of TLS reports of whatever JSON type they come in: texts, lists, numbers of sessions."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from itertools import islice

from reports.ingest.reading.values import COUNT_MAX, read_count

TEXT_LENGTH = 500
_FORBIDDEN = re.compile("[\0\ud800-\udfff]")  # PostgreSQL has none of them
_EXPONENT = re.compile(r"\d{1,18}(?:\.\d{1,18})?[eE]\+?\d{1,2}")


def mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[object]:
    """A list as it is, nothing for null and empty values, and one value as a list of it."""
    if isinstance(value, list):
        return value
    return [] if value is None or value in ("", {}) else [value]


def text_of(value: object, *, length: int = TEXT_LENGTH) -> str:
    """A text of at most `length` characters that a database can hold; what is no text as it stood in the JSON."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else _as_sent(value, length)
    return _FORBIDDEN.sub("\ufffd", text[: length * 2].strip()[:length])


def _as_sent(value: object, length: int) -> str:
    """Made piece by piece, since a value may have megabytes; what is nested too deeply for that breaks off."""
    pieces: list[str] = []
    with suppress(RecursionError, ValueError):
        pieces.extend(islice(json.JSONEncoder(ensure_ascii=False).iterencode(value), length))
    return "".join(pieces)


def read_sessions(value: object) -> tuple[int | None, bool]:
    """A number of sessions, 0 to 2**53, and whether it had to be rewritten; None where none can be made of it."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None, False
    if isinstance(value, int):
        return (value, False) if 0 <= value <= COUNT_MAX else (None, False)
    text = value.strip()
    if _EXPONENT.fullmatch(text):
        count = float(text)
        return (int(count), True) if count.is_integer() and count <= COUNT_MAX else (None, False)
    return read_count(text)[0], True
