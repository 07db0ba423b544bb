"""Which addresses are looked up next, and what was found: the only writer of AddressIdentity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from reports.enrichment.databases import NetworkFacts
from reports.enrichment.resolver import NameFacts
from reports.enrichment.services import base_domain_of, service_of
from reports.models import AddressIdentity

FRESH = timedelta(days=30)
NAMELESS_FRESH = timedelta(days=7)
FIRST_WAIT = timedelta(hours=1)
LONGEST_WAIT = timedelta(days=7)
LEASE = timedelta(minutes=15)
RECENT = timedelta(days=7)

_NOTE = """
WITH recent AS (
    SELECT source.address, sum(failing.messages - failing.aligned) AS messages
    FROM reports_sourceday failing JOIN reports_source source ON source.id = failing.source_id
    WHERE failing.day >= %(since)s AND failing.messages > failing.aligned
    GROUP BY source.address
)
INSERT INTO reports_addressidentity (
    address, name, is_confirmed, base_domain, as_name, as_domain, country, service_name, service_type, service_basis,
    due_at, failures, recent_failing
)
SELECT address, '', false, '', '', '', '', '', '', '', %(at)s, 0, messages FROM recent
UNION ALL
SELECT DISTINCT source.address, '', false, '', '', '', '', '', '', '', %(at)s::timestamptz, 0, 0
FROM reports_source source
WHERE NOT EXISTS (SELECT FROM recent WHERE recent.address = source.address)
  AND NOT EXISTS (SELECT FROM reports_addressidentity known WHERE known.address = source.address)
ORDER BY 1
ON CONFLICT (address) DO UPDATE SET recent_failing = excluded.recent_failing
WHERE reports_addressidentity.due_at <= excluded.due_at
  AND reports_addressidentity.recent_failing <> excluded.recent_failing
"""
_CLAIM = """
UPDATE reports_addressidentity SET due_at = %(until)s WHERE address IN (
    SELECT address FROM reports_addressidentity WHERE due_at <= %(at)s
    ORDER BY recent_failing DESC, due_at, address LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) RETURNING host(address)
"""


def note_addresses(*, at: datetime) -> None:
    """Put every address that a source has and no identity yet into the queue, and weigh those that wait.

    The weight is the failing messages of the last days in all organisations: what people look at comes first.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, {"at": at, "since": (at - RECENT).date()})


def claim(*, at: datetime, limit: int) -> list[str]:
    """Addresses that are due, each given to one caller; one whose caller dies is due again after LEASE."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"at": at, "until": at + LEASE, "limit": limit})
        return [address for (address,) in cursor.fetchall()]


def note_found(address: str, *, name: NameFacts, network: NetworkFacts, at: datetime) -> None:
    """Keep a result. An address without a name is asked about sooner again than one with."""
    fresh = FRESH if name.name else NAMELESS_FRESH
    base_domain = base_domain_of(name.name) if name.is_confirmed else ""
    AddressIdentity.objects.filter(address=address).update(
        name=name.name,
        is_confirmed=name.is_confirmed,
        base_domain=base_domain,
        looked_up_at=at,
        due_at=at + fresh,
        failures=0,
        **_network_columns(network),
        **_service_columns(base_domain, network.as_domain),
    )


def note_failed(address: str, *, network: NetworkFacts, at: datetime) -> None:
    """DNS did not answer: what was known of the name stays, and the next try waits twice as long as the one before."""
    known = AddressIdentity.objects.get(address=address)
    wait = min(FIRST_WAIT * 2 ** min(known.failures, 10), LONGEST_WAIT)
    AddressIdentity.objects.filter(address=address).update(
        due_at=at + wait,
        failures=known.failures + 1,
        **_network_columns(network),
        **_service_columns(known.base_domain, network.as_domain),
    )


def waiting(*, at: datetime) -> int:
    """How many addresses are due."""
    return AddressIdentity.objects.filter(due_at__lte=at).count()


def _network_columns(network: NetworkFacts) -> dict[str, object]:
    return {name: getattr(network, name) for name in ("asn", "as_name", "as_domain", "country")}


def _service_columns(base_domain: str, as_domain: str) -> dict[str, str]:
    """The service by the confirmed name, else, weaker, by the owner of the network."""
    bases: Sequence[tuple[str, str]] = (
        (AddressIdentity.Basis.NAME, base_domain),
        (AddressIdentity.Basis.NETWORK, as_domain),
    )
    for basis, domain in bases:
        if domain and (service := service_of(domain)):
            return {"service_name": service.name, "service_type": service.type, "service_basis": basis}
    return {"service_name": "", "service_type": "", "service_basis": ""}
