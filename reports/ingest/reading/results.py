"""Authentication-Results (RFC 8601) of anybody, as far as they can be read: a claim, and never proof. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import authres  # type: ignore[import-untyped]  # ships no types

LONGEST_TEXT = 40_000
LONGEST_VALUE = 8_000
MOST_FIELDS = 20
MOST_RESULTS = 50
COMMENT_DEPTH = 8
_read = authres.all_features()
# The length of a quoted text is bounded: of a quote that is never closed, each one after it would be tried to the end.
_PIECE = re.compile(r'(?:"(?:[^"\\]|\\.){0,300}+"|[^;"]|")+', re.S)
_COMMENT = re.compile(r"\([^()]*\)")
_BRACKETS = re.compile(r"=\s*<([^<>\s]*)>")


class Claim(NamedTuple):
    """One result: of which method, and for which identities, as ("header.d", "example.com")."""

    method: str
    result: str
    reason: str
    properties: tuple[tuple[str, str], ...]


def claims_in(text: str) -> tuple[Claim, ...]:
    """The results in fields of one line each, in their order; one that cannot be read costs only itself.

    Many reporters leave out the name of the server that a field has to begin with.
    """
    found: list[Claim] = []
    for line in text[:LONGEST_TEXT].splitlines()[:MOST_FIELDS]:
        for claim in _claims(_without_comments(line[:LONGEST_VALUE])):
            if len(found) >= MOST_RESULTS:
                return tuple(found)
            found.append(claim)
    return tuple(found)


def claimed(claims: tuple[Claim, ...], method: str, *names: str) -> str:
    """The first value of one of these properties of a method; "" where there is none."""
    for claim in claims:
        if claim.method == method:
            for name, value in claim.properties:
                if name in names and value:
                    return value
    return ""


def _claims(line: str) -> Iterator[Claim]:
    for piece in _PIECE.findall(line):
        try:
            header = _read.parse_value("unnamed; " + _BRACKETS.sub(r'="\1"', piece.strip()))
        except (authres.AuthResError, RecursionError):
            continue  # the name of the server, or free text
        for each in header.results:
            named = tuple((f"{of.type}.{of.name}".lower(), str(of.value or "")) for of in each.properties)
            yield Claim(str(each.method).lower(), str(each.result).lower(), str(each.reason or ""), named)


def _without_comments(text: str) -> str:
    for _ in range(COMMENT_DEPTH):
        text = _COMMENT.sub(" ", text)
    return text
