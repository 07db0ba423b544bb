"""Who stands behind the addresses of the stories, as DNS and registries would say it. Data, and one call to keep it.

Names are reserved (RFC 2606), and so are the numbers of networks (RFC 5398). Nobody is asked: there is nobody to ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from dmarcsite.demo.stories import SPOOF_WAVE
from reports.enrichment.databases import NetworkFacts
from reports.enrichment.naming import service_name
from reports.enrichment.queue import note_addresses, note_found
from reports.enrichment.resolver import NameFacts
from reports.models import AddressIdentity, ServiceName, Source
from reports.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Addresses of one network. `name` is what they call themselves: "" where they have none; `agrees`: it leads back."""

    addresses: tuple[str, ...]
    network: NetworkFacts
    name: str = ""
    agrees: bool = True


_OWN = NetworkFacts(64496, "Example Corporation", "example.com", "JP")
_HOSTER = NetworkFacts(64510, "Bulk Hosting Example", "bulk-hosting.example", "NL")
_FORGERS = tuple(source for flow in SPOOF_WAVE.flows for source in flow.sources)
_CLAIMING = "203.0.113.230"
NEIGHBOURS = (
    Neighbour(("192.0.2.10", "192.0.2.11", "2001:db8:10::25"), _OWN, "mail.example.com"),
    Neighbour(("192.0.2.20",), _OWN, "mail.example.org"),
    Neighbour(("192.0.2.64", "192.0.2.65", "192.0.2.66"), NetworkFacts(64497, "Newsdesk Example", "newsdesk.example", "US"), "out.newsdesk.example"),
    Neighbour(("192.0.2.130", "2001:db8:130::25"), NetworkFacts(64498, "Partner Example", "partner.example", "DE"), "mx.partner.example"),
    Neighbour(("198.51.100.20", "198.51.100.21"), NetworkFacts(64499, "HRSuite Example", "hrsuite.example", "IE"), "smtp.hrsuite.example"),
    Neighbour(("203.0.113.50",), NetworkFacts(64500, "Alumni Forwarding Example", "forward.example", "US"), "out.forward.example"),
    Neighbour(("198.51.100.80", "2001:db8:80::25"), NetworkFacts(64501, "Community Example", "community.example", "SE"), "lists.community.example"),
    Neighbour(("198.51.100.140", "198.51.100.141", "2001:db8:140::25"), NetworkFacts(64502, "TicketDesk Example", "ticketdesk.example", "US"), "mta.ticketdesk.example"),
    Neighbour(("203.0.113.20", "203.0.113.21"), NetworkFacts(64503, "Billing System Example", "billing-system.example", "FR"), "batch.billing-system.example"),
    Neighbour(("203.0.113.77", "203.0.113.78"), NetworkFacts(64503, "Billing System Example", "billing-system.example", "FR")),
    Neighbour((_CLAIMING,), _HOSTER, "mail.example.org", agrees=False),
    Neighbour(tuple(source for source in _FORGERS if source != _CLAIMING), _HOSTER),
)  # fmt: skip
SERVICES = (
    ("newsdesk.example", "Newsdesk", "Marketing"),
    ("hrsuite.example", "HRSuite", "SaaS"),
    ("ticketdesk.example", "TicketDesk", "SaaS"),
    ("198.51.100.80/32", "Community list", "Nonprofit"),
)
"""What the demo's analyst calls services: a domain or a network, its name, its type."""


def introduce(*, viewer: Viewer, at: datetime) -> None:
    """Keep what is known of the addresses, and what the analyst calls the services. The second time changes nothing."""
    if ServiceName.objects.filter(organisation_id=viewer.organisation_id).exists():
        return
    note_addresses(at=at)
    for neighbour in NEIGHBOURS:
        name = NameFacts(neighbour.name, is_confirmed=bool(neighbour.name) and neighbour.agrees)
        for address in neighbour.addresses:
            note_found(address, name=name, network=neighbour.network, at=at)
    for target, name_given, kind in SERVICES:
        service_name(target, name=name_given, kind=kind, viewer=viewer, at=at)


def forget() -> None:
    """Forget the addresses that nobody's reports name any more; to be called when the demo's are gone."""
    named = Source.objects.filter(address=OuterRef("address"))
    ours = list(_addresses())
    AddressIdentity.objects.filter(~Exists(named), address__in=ours).delete()


def _addresses() -> Iterator[str]:
    for neighbour in NEIGHBOURS:
        yield from neighbour.addresses
