"""The reports in the JSON files that parsedmarc writes, one by one, however large the file. Reads and stores none.

Arrays (aggregate.json), one object a line, several arrays one after the other (what parsedmarc 8 left after an
interruption) and the three lists that it prints all come out as their objects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple

from reports.errors import Unreadable
from reports.ingest.parsedmarc.rebuild import MOST_BYTES, MOST_OBJECTS
from reports.vocabulary import Reason

WINDOW = 1 << 20
_LISTS = "aggregate_reports|failure_reports|forensic_reports|smtp_tls_reports"
_BETWEEN = re.compile(rf'(?:[\s,\[\]}}\ufeff]+|\{{(?=\s*"(?:{_LISTS})")|"(?:{_LISTS})"\s*:)*')
_decode = json.JSONDecoder().raw_decode


class Found(NamedTuple):
    """One object of a file: its place among them, counted from 1, and how many bytes of the file are read so far."""

    number: int
    report: dict[str, Any]
    bytes_read: int


def reports_in(path: Path) -> Iterator[Found]:
    """Each object of the file in order, in memory that one object and a window take.

    Raises OSError, and Unreadable where the text breaks off or is no JSON (what came before has been given out) or one
    object is larger than MOST_BYTES or holds more than MOST_OBJECTS others.
    """
    with path.open("rb") as raw, TextIOWrapper(raw, encoding="utf-8", errors="replace") as file:
        window = _Window(file)
        number = 0
        while (report := window.next()) is not None:
            number += 1
            yield Found(number, report, raw.tell())


class _Window:
    """The text from the object at hand on. It doubles until that object is whole, so an object is tried only so often."""

    def __init__(self, file: TextIOWrapper) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._is_ended = False

    def next(self) -> dict[str, Any] | None:
        while not self._find_start():
            if self._is_ended:
                return None
            self._grow()
        while True:
            try:
                value, self._at = _decode(self._text, self._at)
            except (ValueError, RecursionError):
                if self._is_ended:
                    raise Unreadable(Reason.NOT_JSON) from None
                self._grow()
                continue
            if not isinstance(value, dict):
                raise Unreadable(Reason.OTHER_JSON)
            return value

    def _find_start(self) -> bool:
        """Move to the next object; False where the window ends first, or within what may be the name of a list."""
        between = _BETWEEN.match(self._text, self._at)
        start = between.end() if between else self._at
        self._at = start
        rest = len(self._text) - start
        return rest > len(_LISTS) or (rest > 0 and self._is_ended)

    def _grow(self) -> None:
        rest = self._text[self._at :]
        if len(rest) > MOST_BYTES:
            raise Unreadable(Reason.TOO_LARGE, (("limit", str(MOST_BYTES)),))
        if rest.count("{") + rest.count("[") > MOST_OBJECTS:  # all of it is one object
            raise Unreadable(Reason.TOO_MANY_ELEMENTS)
        more = self._file.read(max(WINDOW, len(rest)))
        self._is_ended = not more
        self._text, self._at = rest + more, 0
