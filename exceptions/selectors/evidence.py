"""The narrowest evidence by which a failing source can be told from others, out of the stored reports. Decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from exceptions.selectors.coverage import REPLAY_DAYS
from reports.selectors.domains import covering_domain_id
from reports.selectors.replay import Identity, Sought, failing_identities

NEARLY_ALL = 0.9
"""A condition that meets this share of the source's failing messages is worth asking for; below it, it would miss too many."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One condition with what it rests on: it holds for `met` of the `messages` that failed in 90 days."""

    field: str
    value: str
    met: int
    messages: int


def narrowest_evidence(
    *, organisation_id: int, source_id: int, address: str, header_from: str, at: datetime
) -> Evidence:
    """A verified DKIM domain before an envelope domain that passes SPF, and that before the bare address. Three queries.

    The first two cannot be forged by another sender; they also outlive a change of the sender's address.
    """
    identities = failing_identities(
        Sought(
            organisation_id=organisation_id,
            domain_id=covering_domain_id(organisation_id=organisation_id, name=header_from),
            header_from=header_from,
            since=(at - timedelta(days=REPLAY_DAYS)).date(),
            source_id=source_id,
        )
    )
    messages = sum(identity.messages for identity in identities)
    signed = _count((domain, identity) for identity in identities for domain in identity.dkim_domains)
    enveloped = _count((identity.envelope_domain, identity) for identity in identities if identity.envelope_domain)
    for field, counts in (("dkim_domain", signed), ("envelope_domain", enveloped)):
        for domain, met in counts.most_common(1):
            if met >= NEARLY_ALL * messages:
                return Evidence(field, domain, met, messages)
    return Evidence("networks", address, messages, messages)


def _count(pairs: Iterable[tuple[str, Identity]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for domain, identity in pairs:
        counts[domain] += identity.messages
    return counts
