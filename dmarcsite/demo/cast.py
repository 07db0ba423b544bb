"""Who and what the demo organisation is: its domains, the reporters that write to it, its people. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from reports.vocabulary import DomainKind, Role

ORGANISATION = "Demo organisation"
ORGANISATION_SLUG = "demo"
REPORTS_ADDRESS = "dmarc-reports@example.com"
SHOP_ADDRESS = "dmarc-reports@example.net"
SEED = "sekimori-demo-1"
DAYS = 90
"""The stories play on this many UTC days; the last one has the number 0 ("0 days ago"), the first DAYS - 1."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may log in to the demo organisation, and nowhere else. The loader makes and prints the password."""

    email: str
    name: str
    role: Role


ANALYST = Person("analyst@demo.example", "Demo analyst", Role.ANALYST)
APPROVER = Person("approver@demo.example", "Demo approver", Role.APPROVER)
PEOPLE = (ANALYST, APPROVER)


@dataclass(frozen=True, slots=True)
class Published:
    """A DMARC policy and the day, in days ago, since when the domain publishes it."""

    since: int
    p: str
    sp: str


@dataclass(frozen=True, slots=True)
class DemoDomain:
    """A domain that reports speak of. `policies` is ordered from the oldest to the newest."""

    name: str
    kind: DomainKind
    policies: tuple[Published, ...]

    def published(self, *, days_ago: int) -> Published:
        """The policy in force on a day."""
        return [policy for policy in self.policies if policy.since >= days_ago][-1]


CORPORATE = DemoDomain("example.com", DomainKind.OWN, (Published(DAYS, "reject", "reject"),))
SHOP = DemoDomain(
    "example.net", DomainKind.OWN, (Published(DAYS, "none", "none"), Published(60, "quarantine", "quarantine"))
)
QUIET = DemoDomain("example.org", DomainKind.OWN, (Published(DAYS, "none", "none"),))
PARTNER = DemoDomain("partner.example", DomainKind.PARTNER, (Published(DAYS, "reject", "reject"),))
DOMAINS = (CORPORATE, SHOP, QUIET, PARTNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """One organisation that sends aggregate reports, with the habits that tell its reports from those of others.

    `shape` is the RFC whose elements it writes ("7489" or "9990"); `packing` is "gzip" or "zip". `hours` shifts its
    reporting day against the UTC day. `trusts_lists` lets mail through that lists and forwarders have changed;
    `softens` turns a published reject into quarantine (RFC 9989 section 5.4). `envelope_to` are the recipient domains
    over which it splits its rows. `hears_of` are the domains about which it reports. `silent_days`: for so many days, up
    to the last one, it has sent nothing. Nothing proves who sent the mails of one that is not `is_proven`.
    """

    key: str
    org_name: str
    host: str
    shape: str
    packing: str
    report_id: str
    hears_of: tuple[DemoDomain, ...]
    hours: int = 0
    trusts_lists: bool = False
    softens: bool = False
    envelope_to: tuple[str, ...] = ()
    silent_days: int = 0
    is_proven: bool = True

    @property
    def email(self) -> str:
        return f"noreply-dmarc@{self.host}"


GATEWAY = Reporter(
    key="gateway", org_name="Demo inbound gateway", host="mx.example.com", shape="9990", packing="gzip",
    report_id="{begin}.{domain}@mx.example.com", hears_of=DOMAINS,
)  # fmt: skip
MAILHUB = Reporter(
    key="mailhub", org_name="Mailhub Example", host="mailhub.example", shape="9990", packing="gzip",
    report_id="{begin}-{domain}@mailhub.example", hears_of=(CORPORATE, SHOP), trusts_lists=True,
)  # fmt: skip
ENTERPRISE = Reporter(
    key="enterprise", org_name="Enterprise Mail Example", host="enterprise-mail.example", shape="7489", packing="gzip",
    report_id="{digest}", hears_of=(CORPORATE,), softens=True,
    envelope_to=("clinic.example", "school.example", "example.org"),  # the last one is ours: that mail arrived here
    silent_days=4,
)  # fmt: skip
POSTBOX = Reporter(
    key="postbox", org_name="Postbox Example", host="postbox.example", shape="7489", packing="zip",
    report_id="{number}", hears_of=(CORPORATE, QUIET), hours=-2,
)  # fmt: skip
CAMPUS = Reporter(
    key="campus", org_name="Campus Mail Example", host="campus-mail.example", shape="7489", packing="gzip",
    report_id="{domain}.{begin}.{end}", hears_of=(CORPORATE, QUIET), is_proven=False,
)  # fmt: skip
DAILY_REPORTERS = (GATEWAY, MAILHUB, ENTERPRISE, POSTBOX)
OWN_REPORTERS = (GATEWAY.host,)
"""For the organisation's own reporters: what the gateway reports is mail arriving here."""
REPORTERS = (*DAILY_REPORTERS, CAMPUS)


def address_for(domain: str) -> str:
    """Where reports about this domain go."""
    return SHOP_ADDRESS if domain == SHOP.name else REPORTS_ADDRESS
