"""Whose mail a row speaks of: mail that arrives here, or elsewhere, or nobody can say. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reports.vocabulary import Lens


@dataclass(frozen=True, slots=True)
class LensRule:
    """What an organisation says about itself: its own gateways, the reporters that host mailboxes of it, its domains.

    A reporter is named by its org_name, its e-mail address, or the domain of that; names are in lower case here.
    """

    own_reporters: frozenset[str]
    mailbox_reporters: frozenset[str]
    own_domains: frozenset[str]

    @classmethod
    def of(
        cls, *, own_reporters: Collection[str], mailbox_reporters: Collection[str], own_domains: Collection[str]
    ) -> LensRule:
        """The rule for names in any case."""
        return cls(
            frozenset(name.strip().lower() for name in own_reporters),
            frozenset(name.strip().lower() for name in mailbox_reporters),
            frozenset(own_domains),
        )

    def for_reporter(self, *, org_name: str, email: str) -> ReporterLens:
        """The part of the rule that is the same for all rows of one report."""
        address = email.strip().lower()
        names = {org_name.strip().lower(), address, address.rpartition("@")[2]} - {""}
        return ReporterLens(
            is_own=not self.own_reporters.isdisjoint(names),
            hosts_us=not self.mailbox_reporters.isdisjoint(names),
            own_domains=self.own_domains,
        )


@dataclass(frozen=True, slots=True)
class ReporterLens:
    """Answers for the rows of one report."""

    is_own: bool
    hosts_us: bool
    own_domains: frozenset[str]

    def of_row(self, envelope_to: str | None) -> Lens:
        """HERE by our own gateway or for a recipient domain of ours; UNKNOWN where the reporter serves us among others."""
        if self.is_own or (envelope_to and _is_within(envelope_to, self.own_domains)):
            return Lens.HERE
        return Lens.UNKNOWN if self.hosts_us and not envelope_to else Lens.ELSEWHERE


def _is_within(name: str, domains: frozenset[str]) -> bool:
    labels = name.split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))
