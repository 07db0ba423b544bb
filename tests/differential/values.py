"""Owns the folds: how values are made alike that differ in what carries no meaning. Written apart from the reader's own."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Any

import idna


def deep(change: Callable[[str], str | None]) -> Callable[[Any], Any]:
    """The change put on a text, or on each text in nested tuples."""

    def fold(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(fold(each) for each in value)
        return change(value) if isinstance(value, str) else value

    return fold


def at(position: int, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The change put on one place in each tuple of a tuple."""

    def fold(value: Any) -> Any:
        if not isinstance(value, tuple):
            return value
        return tuple((*each[:position], change(each[position]), *each[position + 1 :]) for each in value)

    return fold


def lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


def blanks(text: str) -> str:
    return " ".join(text.split())


def domain(text: Any) -> Any:
    """Lower-case A-labels without dots around, of an address the domain, of several the first; None for what is none."""
    if not isinstance(text, str):
        return text
    name = text.strip(" \t\r\n<>\"'").partition(",")[0].rpartition("@")[2].strip().strip(".").lower()
    try:
        return (idna.encode(name, uts46=True).decode() if not name.isascii() else name) or None
    except (idna.IDNAError, UnicodeError):
        return None


def address(text: Any) -> Any:
    """One way of writing for each address, without zone; IPv4 within IPv6 is IPv4."""
    try:
        found = ip_address(str(text).strip().partition("%")[0])
    except ValueError:
        return text
    return str((found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found)


def without_nobody(value: Any) -> Any:
    """Results that name a domain."""
    return tuple(each for each in value if each[0]) or None if isinstance(value, tuple) else value
