"""The name of an address, asked from a real name server that also lies, goes in circles, keeps silent and talks too much."""

from __future__ import annotations

import time
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from reports.enrichment import resolver as module
from reports.enrichment.hostnames import to_hostname
from reports.enrichment.resolver import LookupFailed, NameFacts, Resolver
from tests.mailhost.daemon import free_port
from tests.mailhost.host import name_server
from tests.mailhost.nameserver import NameServer
from tests.mailhost.scripted_dns import ScriptedNameServer

HONEST, HONEST_V6, SPOOFED, NAMELESS, CIRCLE, SILENT, TALKATIVE, HOSTILE, SECOND, HALF_SILENT, DELEGATED, LONG_CHAIN, BROKEN = (
    "192.0.2.1", "2001:db8::25", "192.0.2.2", "192.0.2.3", "192.0.2.4", "198.51.100.5", "192.0.2.6", "192.0.2.7", "192.0.2.8",
    "192.0.2.9", "192.0.2.10", "192.0.2.11", "192.0.2.12",
)  # fmt: skip


def ptr(address: str, name: str) -> str:
    return f"{ip_address(address).reverse_pointer}. 300 IN PTR {name}."


RECORDS = [
    ptr(HONEST, "out1.example.net"),
    f"out1.example.net. 300 IN A {HONEST}",
    ptr(HONEST_V6, "out6.example.net"),
    f"out6.example.net. 300 IN AAAA {HONEST_V6}",
    # Anybody may write another's name into their own zone; that name does not lead back.
    ptr(SPOOFED, "mail.example.com"),
    "mail.example.com. 300 IN A 203.0.113.1",
    *(ptr(TALKATIVE, f"host-{number}.{'x' * 60}.example.net") for number in range(400)),
    ptr(HOSTILE, "\\<script\\>.example.net"),
    ptr(HOSTILE, "a\\.b\\032c.example.net"),
    ptr(HOSTILE, "_x.example.net"),
    ptr(SECOND, "a.example.org"),
    ptr(SECOND, "b.example.org"),
    f"b.example.org. 300 IN A {SECOND}",
    ptr(HALF_SILENT, "mail.silent.example"),
]
SCRIPT: dict[str, list[str] | bytes] = {
    # RFC 2317: the owner of a small network answers from a zone of their own.
    "10.2.0.192.in-addr.arpa.": [
        "10.2.0.192.in-addr.arpa. 300 CNAME 10.0-15.2.0.192.in-addr.arpa.",
        "10.0-15.2.0.192.in-addr.arpa. 300 PTR out2.example.net.",
    ],
    "out2.example.net.": [f"out2.example.net. 300 A {DELEGATED}"],
    "4.2.0.192.in-addr.arpa.": ["4.2.0.192.in-addr.arpa. 300 PTR circle.example.org."],
    "circle.example.org.": [
        "circle.example.org. 300 CNAME circle2.example.org.",
        "circle2.example.org. 300 CNAME circle.example.org.",
    ],
    "11.2.0.192.in-addr.arpa.": [
        *(f"c{number}.example.org. 300 CNAME c{number + 1}.example.org." for number in range(40)),
        "11.2.0.192.in-addr.arpa. 300 CNAME c0.example.org.",
        "c40.example.org. 300 PTR far.example.org.",
    ],
    "12.2.0.192.in-addr.arpa.": b"\x81\x80\xff\xff\xff\xff no message",
}


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with name_server(records=RECORDS, silent=["silent.example", "5.100.51.198.in-addr.arpa"]) as server:
        yield server


@pytest.fixture
def resolver(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> Resolver:
    monkeypatch.setattr(module, "QUERY_SECONDS", 0.4)
    return Resolver([("127.0.0.1", server.port)])


def name_of(resolver: Resolver, address: str) -> NameFacts:
    return resolver.name_of(ip_address(address))


def test_a_spoofed_name_is_a_claim_and_no_more(resolver: Resolver) -> None:
    assert name_of(resolver, SPOOFED) == NameFacts("mail.example.com", is_confirmed=False)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    monkeypatch.setattr(module, "QUERY_SECONDS", 0.4)
    with ScriptedNameServer(SCRIPT) as server:
        yield Resolver([("127.0.0.1", server.port)])


@pytest.mark.parametrize("address", [CIRCLE, LONG_CHAIN, BROKEN])
def test_circles_long_chains_and_broken_answers_are_failures(scripted: Resolver, address: str) -> None:
    with pytest.raises(LookupFailed):
        name_of(scripted, address)


def test_a_delegated_reverse_name_is_followed(scripted: Resolver) -> None:
    assert name_of(scripted, DELEGATED) == NameFacts("out2.example.net", is_confirmed=True)


@pytest.mark.parametrize("address", [SILENT, HALF_SILENT])
def test_a_server_that_keeps_silent_is_waited_for_no_longer_than_said(resolver: Resolver, address: str) -> None:
    start = time.monotonic()
    with pytest.raises(LookupFailed):
        name_of(resolver, address)
    assert time.monotonic() - start < 2


def test_a_port_where_nobody_listens_is_a_failure_and_not_a_missing_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUERY_SECONDS", 0.4)
    with pytest.raises(LookupFailed):
        name_of(Resolver([("127.0.0.1", free_port())]), HONEST)


def test_names_that_are_none_are_left_out(resolver: Resolver) -> None:
    assert name_of(resolver, HOSTILE) == NameFacts()


def test_a_huge_answer_is_read_in_part(resolver: Resolver) -> None:
    found = name_of(resolver, TALKATIVE)
    assert found.name.endswith(f".{'x' * 60}.example.net")
    assert not found.is_confirmed


def test_an_address_without_a_name_has_none(resolver: Resolver) -> None:
    assert name_of(resolver, NAMELESS) == NameFacts()


@pytest.mark.parametrize(
    ("address", "name"),
    [(HONEST, "out1.example.net"), (HONEST_V6, "out6.example.net"), (SECOND, "b.example.org")],
)  # fmt: skip
def test_a_name_that_leads_back_is_confirmed(resolver: Resolver, address: str, name: str) -> None:
    assert name_of(resolver, address) == NameFacts(name, is_confirmed=True)


@pytest.mark.parametrize(
    "text",
    ["", ".", "localhost", "192.0.2.1", "-a.example", "a-.example", "a..example", "ä.example", f"{'a' * 64}.example",
     ".".join(["a" * 60] * 5), "a b.example", "a_b.example", "<b>.example"],
)  # fmt: skip
def test_what_is_no_host_name(text: str) -> None:
    assert to_hostname(text) is None


def test_a_host_name_is_in_lower_case_without_its_last_dot() -> None:
    assert to_hostname("MAIL-1.Example.COM.") == "mail-1.example.com"
