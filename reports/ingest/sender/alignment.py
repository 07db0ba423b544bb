"""When two domains belong together: relaxed alignment (RFC 9989 section 4.4) by the public suffix list. Pure."""

from __future__ import annotations

from functools import lru_cache

import idna
from publicsuffixlist import PublicSuffixList

LONGEST_NAME = 253
LONGEST_LABEL = 63


def to_name(text: str) -> str:
    """A domain as lower-case A-labels without the last dot; "" for what can be none."""
    name = text.strip().rstrip(".").lower()
    if not name.isascii() and len(name) <= LONGEST_NAME:
        try:  # what Python has itself is of 2003, for which "faß" and "fass" are one name
            name = idna.encode(name, uts46=True, transitional=False).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return ""
    return name if _is_name(name) else ""


def _is_name(text: str) -> bool:
    labels = text.split(".")
    return (
        len(text) <= LONGEST_NAME
        and len(labels) > 1
        and all(0 < len(label) <= LONGEST_LABEL for label in labels)
        and text.isascii()
        and not any(sign in text for sign in ' \t\r\n@<>()[],;:\\"\0')
    )


def domain_of(address: str) -> str:
    """The domain of an address, or of a bare domain."""
    return to_name(address.rpartition("@")[2])


@lru_cache(maxsize=4096)
def organisational(name: str) -> str:
    """The domain that somebody registered; "" for a public suffix itself."""
    return _suffixes().privatesuffix(name) or "" if name else ""


def are_aligned(one: str, other: str) -> bool:
    """Whether both lie below the same registered domain, or are the same name."""
    return bool(one) and (one == other or (bool(organisational(one)) and organisational(one) == organisational(other)))


def speaks_for(sender: str, *, org_name: str, email: str) -> bool:
    """Whether a sending domain is the one that the report names as its maker's, by address or by a name that is a domain."""
    return are_aligned(sender, domain_of(email)) or are_aligned(sender, to_name(org_name))


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
