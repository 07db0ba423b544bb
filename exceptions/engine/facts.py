"""What a filter knows about one message, in the form that the engine compares. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exceptions.engine.addresses import Address, read_address
from exceptions.engine.names import domain_key, lower
from exceptions.vocabulary import DmarcResult, Published


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """One message. Domains may come in any case and with a trailing dot, but as A-labels; they are normalised here.

    `header_from`: the domains of every author address; with other than exactly one, no rule matches.
    `dkim_domains`: d= of signatures that verified. `envelope_domain` counts only together with `spf_pass`.
    `recipients`: all envelope recipients. `published`: the policy that applies to this From domain (RFC 9989 4.7).
    Raises ValueError for a `dmarc_result` or `published` that is no known word.
    """

    source_ip: str
    header_from: tuple[str, ...]
    envelope_domain: str = ""
    spf_pass: bool = False
    dkim_domains: frozenset[str] = frozenset()
    recipients: tuple[str, ...] = ()
    dmarc_result: DmarcResult = DmarcResult.FAIL
    published: Published = Published.NONE
    address: Address | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        assign = object.__setattr__
        assign(self, "address", read_address(self.source_ip))
        assign(self, "header_from", tuple(map(domain_key, self.header_from)))
        assign(self, "envelope_domain", domain_key(self.envelope_domain))
        assign(self, "dkim_domains", frozenset(map(domain_key, self.dkim_domains)))
        assign(self, "recipients", tuple(map(lower, self.recipients)))
        assign(self, "dmarc_result", DmarcResult(self.dmarc_result))
        assign(self, "published", Published(self.published))

    @property
    def source(self) -> str:
        """The canonical source address; an unreadable one stands for itself."""
        return self.address.text if self.address else lower(self.source_ip)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> MessageFacts:
        """Read the facts of a test vector or of an event; raises TypeError for a field that there is not."""
        given = dict(value)
        for name in ("header_from", "recipients"):
            given[name] = tuple(given.get(name, ()))
        given["dkim_domains"] = frozenset(given.get("dkim_domains", ()))
        return cls(**given)


def recipient_domain(recipient: str) -> str:
    return domain_key(recipient.rpartition("@")[2]) if "@" in recipient else ""
