"""Turns the text that Python prints for an object into JSON: single quotes, and its words for null, true and false."""

from __future__ import annotations

import json
import re

_WORDS = {"None": "null", "True": "true", "False": "false"}
# Possessive: a quote that is never closed lasts to the end, and is not tried again from each place in it.
_PIECE = re.compile(
    r""" "(?:[^"\\]|\\.)*+(?:"|\\?\Z) | '((?:[^'\\]|\\.)*+)(?:'|\\?\Z) | \b(None|True|False)\b """, re.S | re.X
)
_WITHIN = re.compile(r"""\\(?:x([0-9A-Fa-f]{2})|(.))|(["\x00-\x1f])""", re.S)
_ESCAPES_OF_JSON = frozenset('"\\/bfnrtu')


def as_json(text: str) -> str:
    """The text with these rewritten; the same text where there was nothing. In one pass, whatever it is."""
    return _PIECE.sub(_piece, text)


def _piece(found: re.Match[str]) -> str:
    quoted, word = found.groups()
    if word:
        return _WORDS[word]
    return found[0] if quoted is None else f'"{_WITHIN.sub(_within, quoted)}"'


def _within(found: re.Match[str]) -> str:
    """An escape, or a sign that JSON wants escaped."""
    code, escaped, sign = found.groups()
    if code:
        return "\\u00" + code
    if sign:
        return json.dumps(sign)[1:-1]
    return "\\" + escaped if escaped in _ESCAPES_OF_JSON else escaped
