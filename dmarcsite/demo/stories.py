"""The eight stories that the demo organisation's reports tell, as data that reads as prose; mails are made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dmarcsite.demo.cast import DAYS
from dmarcsite.demo.volumes import CAMPAIGNS, EVERY_DAY, OFFICE


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM result as a receiver saw it."""

    domain: str
    selector: str
    result: str = "pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Mail of one kind from one place: what a receiver finds out about it, how much there is of it, and when.

    `weekday` is the number of messages on an ordinary working day over all reporters; `pattern` has one factor for each
    day of the week, and `curve` stretches over the days from `first` to `last` (both in days ago). `seen_by` says
    which share of the messages each reporter receives. `override` is the reason that a receiver which trusts lists
    and forwarders gives for letting a failing message through.
    """

    sources: tuple[str, ...]
    header_from: str
    envelope_from: str
    spf: str
    signatures: tuple[Signature, ...] = ()
    weekday: int
    pattern: tuple[float, ...] = OFFICE
    curve: tuple[float, ...] = (1.0,)
    first: int = DAYS - 1
    last: int = 0
    seen_by: Mapping[str, float] = field(default_factory=lambda: EVERYWHERE)
    override: tuple[str, str] | None = None


EVERYWHERE: Mapping[str, float] = {"gateway": 0.1, "mailhub": 0.5, "enterprise": 0.2, "postbox": 0.16, "campus": 0.04}
MOSTLY_TO_US: Mapping[str, float] = {"gateway": 0.7, "mailhub": 0.15, "enterprise": 0.1, "postbox": 0.05}
ONLY_TO_US: Mapping[str, float] = {"gateway": 1.0}


@dataclass(frozen=True, slots=True)
class Story:
    """A stretch of mail history with one lesson. `shows` is what a reader of the pages should find there."""

    key: str
    title: str
    shows: str
    flows: tuple[Flow, ...] = ()


OUR_KEY = Signature("example.com", "s2025")

CLEAN = Story(
    "clean",
    "A clean service",
    "Own mail servers, the newsletter service and a partner pass on every day: nothing to decide.",
    (
        Flow(sources=("192.0.2.10", "192.0.2.11", "2001:db8:10::25"), header_from="example.com",
             envelope_from="example.com", spf="pass", signatures=(OUR_KEY,), weekday=1900),
        Flow(sources=("192.0.2.64", "192.0.2.65", "192.0.2.66"), header_from="example.net",
             envelope_from="bounce.newsdesk.example", spf="pass",
             signatures=(Signature("example.net", "news1"), Signature("newsdesk.example", "nd7")),
             weekday=1400, pattern=CAMPAIGNS),
        Flow(sources=("192.0.2.20",), header_from="example.org", envelope_from="example.org", spf="pass",
             signatures=(Signature("example.org", "s1"),), weekday=40),
        Flow(sources=("192.0.2.130", "2001:db8:130::25"), header_from="partner.example",
             envelope_from="partner.example", spf="pass", signatures=(Signature("partner.example", "p1"),),
             weekday=160, seen_by=ONLY_TO_US),
    ),
)  # fmt: skip

PAYROLL_SOURCES = ("198.51.100.20", "198.51.100.21")
VENDOR = Story(
    "vendor",
    "A vendor loses its DKIM key",
    "HRSuite signed as example.com until 28 days ago; since then only as hrsuite.example, so its mail fails.",
    (
        Flow(sources=PAYROLL_SOURCES, header_from="example.com", envelope_from="bounce.hrsuite.example", spf="pass",
             signatures=(Signature("example.com", "hr1"), Signature("hrsuite.example", "k1")),
             weekday=46, last=28, seen_by=MOSTLY_TO_US),
        Flow(sources=PAYROLL_SOURCES, header_from="example.com", envelope_from="bounce.hrsuite.example", spf="pass",
             signatures=(Signature("hrsuite.example", "k1"),),
             weekday=46, first=27, seen_by=MOSTLY_TO_US),
    ),
)  # fmt: skip

FORWARDER = Story(
    "forwarder",
    "A forwarder",
    "An alumni service sends our own mail on: SPF never aligns, DKIM survives in most messages and breaks in a few.",
    (
        Flow(sources=("203.0.113.50",), header_from="example.com", envelope_from="forward.example", spf="pass",
             signatures=(OUR_KEY,), weekday=26, pattern=EVERY_DAY),
        Flow(sources=("203.0.113.50",), header_from="example.com", envelope_from="forward.example", spf="pass",
             signatures=(Signature("example.com", "s2025", "fail"),), weekday=4, pattern=EVERY_DAY,
             override=("trusted_forwarder", "arc=pass as[1].d=forward.example as[1].s=arc1")),
    ),
)  # fmt: skip

MAILING_LIST = Story(
    "mailing-list",
    "A mailing list",
    "The list changes subject and body: our signature is there and fails, the list's own signature passes.",
    (
        Flow(sources=("198.51.100.80", "2001:db8:80::25"), header_from="example.com",
             envelope_from="lists.community.example", spf="pass",
             signatures=(Signature("example.com", "s2025", "fail"), Signature("community.example", "list")),
             weekday=22, override=("mailing_list", "list headers found")),
    ),
)  # fmt: skip

SPOOF_WAVE = Story(
    "spoof-wave",
    "A spoof wave against p=reject",
    "For a week, from 16 to 10 days ago, forty unknown addresses sent as example.com: nothing passed, receivers rejected.",
    (
        Flow(sources=tuple(f"203.0.113.{host}" for host in range(130, 202, 2)) + tuple(
                 f"2001:db8:bad:{site}::1" for site in range(1, 5)),
             header_from="example.com", envelope_from="example.com", spf="fail", weekday=4200, pattern=EVERY_DAY,
             curve=(0.05, 0.7, 1.0, 0.55, 0.2, 0.05), first=16, last=10),
        Flow(sources=tuple(f"203.0.113.{host}" for host in range(220, 226)), header_from="example.com",
             envelope_from="example.com", spf="fail", weekday=14, pattern=EVERY_DAY),
        Flow(sources=("203.0.113.230",), header_from="example.org", envelope_from="example.org", spf="none",
             weekday=5, pattern=EVERY_DAY),
        Flow(sources=("203.0.113.231", "203.0.113.232"), header_from="partner.example",
             envelope_from="mass.example", spf="pass", weekday=30, pattern=EVERY_DAY, curve=(0.1, 1.0), first=4,
             seen_by=ONLY_TO_US),
    ),
)  # fmt: skip

NEW_SERVICE = Story(
    "new-service",
    "A new service that nobody announced",
    "TicketDesk has sent as example.net for nine days, more on each of them; its own SPF and DKIM pass unaligned.",
    (
        Flow(sources=("198.51.100.140", "198.51.100.141", "2001:db8:140::25"), header_from="example.net",
             envelope_from="mail.ticketdesk.example", spf="pass",
             signatures=(Signature("ticketdesk.example", "td1"),), weekday=240, curve=(0.1, 1.0), first=8),
    ),
)  # fmt: skip

BROAD_RULE = Story(
    "broad-rule",
    "A broad exception, and an attacker inside it",
    "An approved rule lets in a whole /25 for one billing system; for nine days an attacker has sent from it as well.",
    (
        Flow(sources=("203.0.113.20", "203.0.113.21"), header_from="example.com",
             envelope_from="billing-system.example", spf="none", weekday=64, seen_by=MOSTLY_TO_US),
        Flow(sources=("203.0.113.77", "203.0.113.78"), header_from="example.com", envelope_from="example.com",
             spf="fail", weekday=28, pattern=EVERY_DAY, curve=(0.2, 1.0), first=8, seen_by=MOSTLY_TO_US),
        Flow(sources=("203.0.113.77",), header_from="example.org", envelope_from="example.org", spf="none",
             weekday=6, pattern=EVERY_DAY, first=8),
    ),
)  # fmt: skip

ODD_REPORTS = Story(
    "odd-reports",
    "Reports that must not distort a figure",
    "Campus Mail reports whole weeks at once and sends reports without a row; some reports come twice, two are no use.",
)

STORIES = (CLEAN, VENDOR, FORWARDER, MAILING_LIST, SPOOF_WAVE, NEW_SERVICE, BROAD_RULE, ODD_REPORTS)
