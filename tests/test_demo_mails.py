"""The demo organisation's mails: repeatable, made of reserved names only, and telling the stories they promise."""

from __future__ import annotations

import gzip
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from ipaddress import ip_address, ip_network

import pytest
from lxml import etree

from dmarcsite.demo.cast import REPORTERS
from dmarcsite.demo.envelopes import DemoMail
from dmarcsite.demo.mails import demo_mails
from dmarcsite.demo.stories import BROAD_RULE, PAYROLL_SOURCES, SPOOF_WAVE, STORIES

UNTIL = date(2026, 11, 22)
DOCUMENTATION = [ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]


@dataclass(frozen=True)
class Seen:
    """One record, read here on its own so that the demo is not tested with the product's reader."""

    reporter: str
    day: date
    source: str
    header_from: str
    count: int
    disposition: str
    dkim: str
    spf: str
    reason: str | None


@pytest.fixture(scope="module")
def mails() -> list[DemoMail]:
    return list(demo_mails(until=UNTIL))


@pytest.fixture(scope="module")
def documents(mails: list[DemoMail]) -> list[bytes]:
    return [xml for mail in mails if (xml := unpacked(mail)) is not None]


@pytest.fixture(scope="module")
def rows(documents: list[bytes]) -> list[Seen]:
    return [row for xml in dict.fromkeys(documents) for row in read(xml)]


def unpacked(mail: DemoMail) -> bytes | None:
    message = message_from_bytes(mail.content, policy=default)
    assert isinstance(message, EmailMessage)
    for part in message.iter_attachments():
        packed = part.get_content()
        if part.get_content_type() == "application/zip":
            archive = zipfile.ZipFile(BytesIO(packed))
            return archive.read(archive.namelist()[0])
        if part.get_content_type() == "application/gzip" and packed != b"unused":
            return gzip.decompress(packed)
    return None


def read(xml: bytes) -> Iterator[Seen]:
    root = etree.fromstring(xml.replace(b' xmlns="urn:ietf:params:xml:ns:dmarc-2.0"', b""))
    middle = (int(text(root, ".//begin")) + int(text(root, ".//end"))) // 2
    for record in root.iterfind("record"):
        yield Seen(
            reporter=text(root, ".//org_name"),
            day=datetime.fromtimestamp(middle, UTC).date(),
            source=text(record, "row/source_ip"),
            header_from=text(record, "identifiers/header_from"),
            count=int(text(record, "row/count")),
            disposition=text(record, "row/policy_evaluated/disposition"),
            dkim=text(record, "row/policy_evaluated/dkim"),
            spf=text(record, "row/policy_evaluated/spf"),
            reason=record.findtext("row/policy_evaluated/reason/type"),
        )


def text(element: etree._Element, path: str) -> str:
    found = element.findtext(path)
    assert found is not None
    return found


def test_the_same_last_day_gives_the_same_bytes(mails: list[DemoMail]) -> None:
    assert list(demo_mails(until=UNTIL)) == mails


def test_another_last_day_gives_other_bytes(mails: list[DemoMail]) -> None:
    assert next(demo_mails(until=date(2026, 11, 21))).content != mails[0].content


def test_no_network_outside_the_documentation_ranges_appears(mails: list[DemoMail], rows: list[Seen]) -> None:
    texts = [mail.content.decode("ascii") for mail in mails]
    in_mails = {found for text in texts for found in re.findall(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", text)}
    sources = in_mails | {row.source for row in rows}
    assert len(sources) > 60
    assert [s for s in sources if not any(ip_address(s) in net for net in DOCUMENTATION)] == []


def test_no_name_outside_the_reserved_ones_appears(mails: list[DemoMail], documents: list[bytes]) -> None:
    read_by_people = [mail.content for mail in mails if "-failure-" in mail.name]
    heads = [mail.content.split(b"\r\n\r\n")[0] for mail in mails]
    text = b"\n".join([*documents, *read_by_people, *heads]).decode()
    names = set(re.findall(r"(?:@|<domain>|header_from>|envelope_\w+>|//|[dDs]=)([a-z0-9-]+(?:\.[a-z0-9-]+)+)", text))
    assert "hrsuite.example" in names
    assert [n for n in names if not re.search(r"(^|\.)(example|example\.(com|net|org))$", n)] == []


def test_mails_come_in_the_order_in_which_they_were_sent_under_unique_names(mails: list[DemoMail]) -> None:
    assert [mail.sent_at for mail in mails] == sorted(mail.sent_at for mail in mails)
    assert len({mail.name for mail in mails}) == len(mails)


def test_the_demo_has_its_exact_size(mails: list[DemoMail], documents: list[bytes], rows: list[Seen]) -> None:
    assert len(mails) == 1045
    assert sum("-failure-" in mail.name for mail in mails) == 40
    assert sum("-tls-" in mail.name for mail in mails) == 180
    assert len(documents) == 823
    assert len(rows) == 8541
    assert sum(row.count for row in rows) == 214943
    assert {row.reporter for row in rows} == {reporter.org_name for reporter in REPORTERS}


def test_one_reporter_fell_silent_four_days_ago(rows: list[Seen]) -> None:
    last = {name: max(row.day for row in rows if row.reporter == name) for name in {row.reporter for row in rows}}
    assert last.pop("Campus Mail Example") < UNTIL  # reports by the week
    assert last.pop("Enterprise Mail Example") == date(2026, 11, 18)
    assert set(last.values()) == {UNTIL}


def test_ninety_days_are_reported(rows: list[Seen]) -> None:
    days = {row.day for row in rows}
    assert (min(days), max(days), len(days)) == (date(2026, 8, 25), UNTIL, 90)


def test_office_mail_sleeps_at_the_weekend(rows: list[Seen]) -> None:
    def own_mail_on(day: date) -> int:
        return sum(
            r.count for r in rows if r.source == "192.0.2.10" and r.day == day and r.reporter != "Campus Mail Example"
        )

    assert own_mail_on(date(2026, 11, 22)) * 5 < own_mail_on(date(2026, 11, 20))


def test_clean_services_never_fail(rows: list[Seen]) -> None:
    clean = {source for flow in STORIES[0].flows for source in flow.sources}
    assert {(r.dkim, r.spf) for r in rows if r.source in clean} == {("pass", "pass"), ("pass", "fail")}


def test_the_vendor_fails_from_one_day_on_and_never_before(rows: list[Seen]) -> None:
    vendor = [r for r in rows if r.source in PAYROLL_SOURCES]
    assert max(r.day for r in vendor if r.dkim == "pass") == date(2026, 10, 25)
    assert min(r.day for r in vendor if r.dkim == "fail") == date(2026, 10, 26)
    assert {r.spf for r in vendor} == {"fail"}


def test_the_gateway_rejects_the_vendor_since_it_fails(rows: list[Seen]) -> None:
    failing = [r for r in rows if r.source in PAYROLL_SOURCES and r.dkim == "fail"]
    assert {r.disposition for r in failing if r.reporter == "Demo inbound gateway"} == {"reject"}


def test_the_forwarder_passes_by_dkim_alone_and_sometimes_fails(rows: list[Seen]) -> None:
    forwarded = [r for r in rows if r.source == "203.0.113.50"]
    assert {r.spf for r in forwarded} == {"fail"}
    passing = sum(r.count for r in forwarded if r.dkim == "pass")
    assert 0.8 < passing / sum(r.count for r in forwarded) < 0.9
    assert {r.reason for r in forwarded if r.disposition == "none" and r.reporter == "Mailhub Example"} == {
        "trusted_forwarder"
    }


def test_the_mailing_list_fails_and_is_let_through_where_lists_are_trusted(rows: list[Seen]) -> None:
    listed = [r for r in rows if r.source in ("198.51.100.80", "2001:db8:80::25")]
    assert {(r.dkim, r.spf) for r in listed} == {("fail", "fail")}
    assert {(r.disposition, r.reason) for r in listed if r.reporter == "Mailhub Example"} == {("none", "mailing_list")}


def test_the_spoof_wave_lasts_one_week_and_no_message_of_it_is_delivered(rows: list[Seen]) -> None:
    wave = [r for r in rows if r.source in SPOOF_WAVE.flows[0].sources and r.reporter != "Campus Mail Example"]
    assert (min(r.day for r in wave), max(r.day for r in wave)) == (date(2026, 11, 6), date(2026, 11, 12))
    assert {(r.dkim, r.spf) for r in wave} == {("fail", "fail")}
    assert {r.disposition for r in wave} == {"reject", "quarantine"}


def test_the_new_service_is_unknown_before_its_first_day(rows: list[Seen]) -> None:
    new = [r for r in rows if r.source in ("198.51.100.140", "198.51.100.141", "2001:db8:140::25")]
    assert min(r.day for r in new) == date(2026, 11, 14)
    assert {(r.dkim, r.spf, r.header_from) for r in new} == {("fail", "fail", "example.net")}
    first, last = (sum(r.count for r in new if r.day == day) for day in (date(2026, 11, 16), date(2026, 11, 20)))
    assert first * 2 < last


def test_the_attacker_gets_in_by_the_broad_rule_at_the_gateway_and_nowhere_else(rows: list[Seen]) -> None:
    attack = [r for r in rows if r.source in BROAD_RULE.flows[1].sources and r.header_from == "example.com"]
    at_gateway = {(r.disposition, r.reason) for r in attack if r.reporter == "Demo inbound gateway"}
    assert at_gateway == {("none", "local_policy")}
    assert "none" not in {r.disposition for r in attack if r.reporter != "Demo inbound gateway"}
    assert min(r.day for r in attack) == date(2026, 11, 14)


def test_some_reports_have_no_row_some_a_week_and_some_come_twice(documents: list[bytes]) -> None:
    empty = [xml for xml in documents if b"<record>" not in xml]
    spans = [
        int(end) - int(begin)
        for xml in documents
        for begin, end in re.findall(rb"<begin>(\d+)</begin>\s*<end>(\d+)", xml)
    ]
    assert len(empty) == 12
    assert spans.count(7 * 86400 - 1) == 24
    assert spans.count(86399) == len(documents) - 24
    assert len(documents) - len(set(documents)) == 5


def test_each_reporter_writes_the_elements_of_its_rfc(documents: list[bytes]) -> None:
    modern = [xml for xml in documents if b"dmarc-2.0" in xml]
    assert 0 < len(modern) < len(documents)
    for xml in documents:
        assert (b"<pct>" in xml) != (b"<discovery_method>" in xml)
        assert (b"<discovery_method>" in xml) == (xml in modern)
