"""Hides who a failure report is about: addresses and subjects, but no domains. Pure; stores and decides nothing."""

from __future__ import annotations

import re

GAP = "…"
WORDS_SHOWN = 5
LONG_WORD = 6
SHORT_WORD = 2

_BOUNDARIES = frozenset(" \t\r\n<>(),;:[]")
# "smtp.mailfrom=" stays readable; an "=" of a rewritten address ("user=example.org@…") is part of the name.
_KEY = re.compile(r"[a-z]+(?:\.[a-z-]+)+=")
REPORT_SUBJECT = r"(?i)^\s*(dmarc\s+)?(aggregate\s+)?report\s+domain:\s*\S+\s+submitter:"
_REPORT_SUBJECT = re.compile(REPORT_SUBJECT)
_QUOTED_ROW = re.compile(r"(?ms)^(DETAIL|CONTEXT):.*?(?=^(?:The above exception|During handling|Traceback )|\Z)")


def mask_address(address: str) -> str:
    """An e-mail address with its domain and only the ends of its local part: "a…z@example.com".

    A local part of one or two characters shows nothing; a text without "@" is masked as a whole.
    """
    local, at, domain = address.strip().strip("<>").rpartition("@")
    return f"{_ends(local)}@{domain}" if at else _ends(domain)


def mask_subject(subject: str) -> str:
    """The ends of the words: "In…ce 4…1" for "Invoice 4711"; of many words the first four and the last."""
    words = subject.split()
    if len(words) > WORDS_SHOWN:
        words = [*words[: WORDS_SHOWN - 1], words[-1]]
    return " ".join(f"{word[:2]}{GAP}{word[-2:]}" if len(word) >= LONG_WORD else _ends(word) for word in words)


def is_report_subject(subject: str) -> bool:
    """Whether it is the subject that an aggregate report's mail has (RFC 9990 section 3.5.2), which names nobody.

    The mail of a failure report usually carries the subject of the message that it is about, and so is masked.
    """
    return _REPORT_SUBJECT.match(subject) is not None


def mask_text(text: str) -> str:
    """A text of the protocol (authentication results, a Message-ID) with every address in it masked."""
    *before, last = text.split("@")
    return "".join(f"{_mask_end(piece)}@" for piece in before) + last


def mask_trace(trace: str) -> str:
    """The trace of an exception without the values of rows, which PostgreSQL quotes after "DETAIL:" and "CONTEXT:"."""
    return _QUOTED_ROW.sub(rf"\1: {GAP}\n", trace).rstrip("\n")


def _mask_end(piece: str) -> str:
    """What stands before an "@", with the local part at its end masked."""
    start = len(piece)
    if piece.endswith('"'):
        start = max(piece.rfind('"', 0, -1), 0)
    while start and piece[start - 1] not in _BOUNDARIES:
        start -= 1
    key = _KEY.match(piece, start)
    start = key.end() if key else start
    return piece[:start] + (_ends(piece[start:]) if piece[start:] else "")


def _ends(word: str) -> str:
    return f"{word[0]}{GAP}{word[-1]}" if len(word) > SHORT_WORD else GAP
