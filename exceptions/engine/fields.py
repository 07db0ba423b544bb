"""Strict readers for the parts of a policy document. Each returns the value or raises PolicyError with its place.

A format never changes its meaning, so a field that this code does not know is refused: ignoring a condition
would widen a rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from exceptions.engine.names import MAX_DOMAIN
from exceptions.errors import PolicyError

T = TypeVar("T")

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8259 section 6)."""

DOMAIN = r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
ADDRESS = r"[^@A-Z\x00-\x20\x7f]{1,64}@" + DOMAIN
SLUG = r"[a-z0-9][a-z0-9_-]{0,62}"
RULE_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def refuse(code: str, place: str, value: object = None) -> PolicyError:
    """An error that names the place, and the value so far as it is fit for a log line."""
    return PolicyError(code, place=place) if value is None else PolicyError(code, place=place, value=repr(value)[:80])


def record(value: object, place: str, fields: Iterable[str]) -> dict[str, Any]:
    """An object with exactly these fields."""
    if not isinstance(value, dict):
        raise refuse("not_an_object", place)
    wanted = frozenset(fields)
    for name in sorted(wanted - value.keys()):
        raise refuse("missing_field", f"{place}.{name}".lstrip("."))
    for name in sorted(value.keys() - wanted):
        raise refuse("unknown_field", f"{place}.{name}".lstrip("."))
    return value


def items(value: object, place: str, read: Callable[[object, str], T]) -> tuple[T, ...]:
    """A list of things that `read` reads."""
    if not isinstance(value, list):
        raise refuse("not_a_list", place)
    return tuple(read(item, f"{place}[{index}]") for index, item in enumerate(value))


def integer(value: object, place: str, *, least: int = 0, most: int = MAX_INTEGER) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise refuse("bad_integer", place, value)
    return value


def word(value: object, place: str, kind: Callable[[str], T]) -> T:
    """One of the words of an enumeration."""
    try:
        return kind(text(value, place))
    except ValueError:
        raise refuse("unknown_word", place, value) from None


def text(value: object, place: str, pattern: str = "", *, code: str = "bad_text", longest: int = 320) -> str:
    if not isinstance(value, str) or len(value) > longest or (pattern and not re.fullmatch(pattern, value)):
        raise refuse(code, place, value)
    return value


def domain(value: object, place: str) -> str:
    """A domain as lower-case A-labels without a trailing dot."""
    return text(value, place, DOMAIN, code="bad_domain", longest=MAX_DOMAIN)


def optional_domain(value: object, place: str) -> str | None:
    return None if value is None else domain(value, place)


def recipient(value: object, place: str) -> str:
    """A whole address or a domain."""
    return text(value, place, f"{DOMAIN}|{ADDRESS}", code="bad_recipient")
