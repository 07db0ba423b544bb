"""Asks DNS for the keys of signatures, with a time limit, and remembers the answers for one run. Knows no database."""

from __future__ import annotations

import time
from collections.abc import Sequence

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

QUERY_SECONDS = 4.0
LONGEST_RECORD = 2_000
"""RSA with 8,192 bits needs 1,400 characters; arithmetic with longer keys takes seconds."""
MOST_STRINGS = 20
_NOTHING_THERE = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)


class LookupFailed(Exception):
    """No server answered in time, or each answered with an error: it may be asked again."""


class Keys:
    """TXT records by name, from the given (host, port) servers, else from those of this machine.

    Answers nothing more once `seconds` have gone by, so that one run ends in time.
    """

    def __init__(self, servers: Sequence[tuple[str, int]] = (), *, seconds: float = 60.0) -> None:
        self._resolver = dns.resolver.Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
        self._until = time.monotonic() + seconds
        self._known: dict[str, bytes | None] = {}

    def __call__(self, name: str) -> bytes | None:
        """The record, or None where there is none that could be a key. Raises LookupFailed, for a name once in a run."""
        if name not in self._known:
            self._known[name] = self._ask(name)
        return self._known[name]

    def _ask(self, name: str) -> bytes | None:
        left = min(QUERY_SECONDS, self._until - time.monotonic())
        if left <= 0:
            raise LookupFailed(name)
        try:
            answer = self._resolver.resolve(dns.name.from_text(name), dns.rdatatype.TXT, lifetime=left, search=False)
        except _NOTHING_THERE:
            return None
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel, dns.name.BadEscape, UnicodeError):
            return None
        except (dns.exception.DNSException, OSError) as error:
            raise LookupFailed(name) from error
        return _key_in([b"".join(record.strings[:MOST_STRINGS]) for record in answer])


def silent(name: str) -> bytes | None:
    """Stands for DNS where it must not be asked."""
    raise LookupFailed(name)


def _key_in(records: Sequence[bytes]) -> bytes | None:
    """The one record there may be (RFC 6376 section 3.6.2.2)."""
    return records[0] if len(records) == 1 and len(records[0]) <= LONGEST_RECORD else None
