"""How domains and addresses are compared: ASCII lower case, A-labels, no trailing dot. Nothing is looked up."""

from __future__ import annotations

import string
from collections.abc import Iterator

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
MAX_DOMAIN = 253


def lower(text: str) -> str:
    """Lower-case A to Z and nothing else, so that every language a filter is written in does the same."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def domain_key(text: str) -> str:
    return lower(text).removesuffix(".")


def suffixes(domain: str) -> Iterator[str]:
    """The domain itself, then each parent: longest first. A text longer than a domain can be has none."""
    if len(domain) > MAX_DOMAIN:
        return
    while domain:
        yield domain
        domain = domain.partition(".")[2]
