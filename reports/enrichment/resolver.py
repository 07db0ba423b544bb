"""Asks DNS for the name of an address and whether the name agrees (RFC 8601 section 2.7.3, iprev). Knows no database."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from reports.dto import Address
from reports.enrichment.hostnames import to_hostname

QUERY_SECONDS = 3.0
ADDRESS_SECONDS = 8.0
NAMES_READ = 20
NAMES_TRIED = 4
ADDRESSES_READ = 200
DNS_PORT = 53
_NOTHING_THERE = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer)


class LookupFailed(Exception):
    """No server answered in time, or each answered with an error: nothing is known, and it may be asked again."""


@dataclass(frozen=True, slots=True)
class NameFacts:
    """The name that the address gives itself, and whether that name leads back to the address.

    Whoever owns an address may write any name there, so that an unconfirmed one is no more than a claim.
    """

    name: str = ""
    is_confirmed: bool = False


class Resolver:
    """Looks names up at the given servers, else at those of this machine. May be shared by threads."""

    def __init__(self, servers: Sequence[tuple[str, int]] = ()) -> None:
        self._resolver = dns.resolver.Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(host, port) for host, port in servers]
        self._resolver.timeout = QUERY_SECONDS
        self._resolver.cache = None  # our table is the cache

    def name_of(self, address: Address) -> NameFacts:
        """The confirmed name where one of the first few is, else the first claimed one, else none. Raises LookupFailed."""
        until = time.monotonic() + ADDRESS_SECONDS
        claimed = self._claimed(address, until=until)
        failed: LookupFailed | None = None
        for name in claimed[:NAMES_TRIED]:
            try:
                if self._leads_back(name, address, until=until):
                    return NameFacts(name, is_confirmed=True)
            except LookupFailed as error:
                failed = error
        if failed:
            raise failed
        return NameFacts(claimed[0]) if claimed else NameFacts()

    def _claimed(self, address: Address, *, until: float) -> list[str]:
        pointer = dns.name.from_text(address.reverse_pointer + ".")
        texts = self._ask(pointer, dns.rdatatype.PTR, until=until)
        return sorted({name for text in texts[:NAMES_READ] if (name := to_hostname(text))})

    def _leads_back(self, name: str, address: Address, *, until: float) -> bool:
        kind = dns.rdatatype.A if address.version == 4 else dns.rdatatype.AAAA  # noqa: PLR2004
        texts = self._ask(dns.name.from_text(name + "."), kind, until=until)
        return any(ipaddress.ip_address(text) == address for text in texts[:ADDRESSES_READ])

    def _ask(self, name: dns.name.Name, kind: dns.rdatatype.RdataType, *, until: float) -> list[str]:
        """The answers as text; none where there is no such name."""
        left = min(QUERY_SECONDS, until - time.monotonic())
        if left <= 0:
            raise LookupFailed(f"{name} took too long")
        try:
            answer = self._resolver.resolve(name, kind, lifetime=left, search=False)
        except _NOTHING_THERE:
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise LookupFailed(type(error).__name__) from error
        return [record.to_text() for record in answer]
