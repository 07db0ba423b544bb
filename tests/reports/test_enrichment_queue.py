"""Looking addresses up: who comes first, how long an answer holds, what a failure leaves, and two workers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection

from reports.dto import Address
from reports.enrichment import queue
from reports.enrichment.databases import NetworkFacts
from reports.enrichment.resolver import LookupFailed, NameFacts, Resolver
from reports.enrichment.run import look_up_due
from reports.models import AddressIdentity
from tests.reports.mmdb import write_mmdb
from tests.reports.stored import NOW, make_organisation, record, report, upload

pytestmark = pytest.mark.django_db(transaction=True)
NOTHING = NetworkFacts()


class Book(Resolver):
    """Answers from a book; an address that is not in it cannot be looked up."""

    def __init__(self, names: dict[str, NameFacts]) -> None:
        self.names = names
        self.asked: list[str] = []

    def name_of(self, address: Address) -> NameFacts:
        self.asked.append(str(address))
        if str(address) not in self.names:
            raise LookupFailed
        return self.names[str(address)]


@pytest.fixture
def reported() -> None:
    """192.0.2.3 fails most, 192.0.2.1 not at all; two organisations know 192.0.2.2."""
    first, second = make_organisation("one"), make_organisation("two")
    upload(
        report(record("192.0.2.1", 90, dkim="pass"), record("192.0.2.2", 3), record("192.0.2.3", 5)), organisation=first
    )
    upload(report(record("192.0.2.2", 1)), organisation=second)


def look_up(names: dict[str, NameFacts], *, at: datetime = NOW, files: tuple[Path, ...] = ()) -> Book:
    book = Book(names)
    look_up_due(resolver=book, files=files, clock=lambda: at)
    return book


def known(address: str) -> AddressIdentity:
    return AddressIdentity.objects.get(address=address)


def test_an_unconfirmed_name_gives_no_service(reported: None) -> None:
    look_up({"192.0.2.3": NameFacts("mail.sendgrid.net", is_confirmed=False)})
    found = known("192.0.2.3")
    assert (found.name, found.is_confirmed, found.base_domain, found.service_name) == (
        "mail.sendgrid.net",
        False,
        "",
        "",
    )


def test_the_database_refuses_a_service_by_an_unconfirmed_name() -> None:
    with pytest.raises(IntegrityError):
        AddressIdentity.objects.create(address="192.0.2.1", due_at=NOW, service_name="Some", service_basis="name")


def test_a_failure_waits_twice_as_long_each_time_and_forgets_nothing(reported: None, tmp_path: Path) -> None:
    files = (write_mmdb(tmp_path / "a.mmdb", {"192.0.2.0/24": {"asn": "AS64496", "as_domain": "sendgrid.net"}}),)
    look_up({"192.0.2.3": NameFacts("out.example.net", is_confirmed=True)}, files=files)
    at = NOW + queue.FRESH
    waits = []
    for _ in range(12):
        look_up({}, at=at, files=files)
        waits.append((known("192.0.2.3").due_at - at) / timedelta(hours=1))
        at = known("192.0.2.3").due_at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 168, 168, 168, 168]
    found = known("192.0.2.3")
    assert (found.name, found.is_confirmed, found.looked_up_at, found.failures) == ("out.example.net", True, NOW, 12)
    assert (found.asn, found.service_name, found.service_basis) == (64496, "Twilio SendGrid", "network")


def test_who_fails_most_comes_first_and_each_address_once(reported: None) -> None:
    queue.note_addresses(at=NOW)
    order = [queue.claim(at=NOW, limit=1) for _ in range(4)]
    assert order == [["192.0.2.3"], ["192.0.2.2"], ["192.0.2.1"], []]
    assert known("192.0.2.2").recent_failing == 4


def test_what_waits_is_weighed_anew(reported: None) -> None:
    queue.note_addresses(at=NOW)
    upload(report(record("192.0.2.2", 50), report_id="r-2"), organisation=make_organisation("three"))
    queue.note_addresses(at=NOW)
    assert queue.claim(at=NOW, limit=1) == ["192.0.2.2"]


def test_a_worker_that_dies_holds_its_addresses_for_a_while_only(reported: None) -> None:
    queue.note_addresses(at=NOW)
    assert len(queue.claim(at=NOW, limit=10)) == 3
    assert queue.claim(at=NOW + queue.LEASE - timedelta(seconds=1), limit=10) == []
    assert len(queue.claim(at=NOW + queue.LEASE, limit=10)) == 3


def test_two_workers_never_take_the_same_address() -> None:
    AddressIdentity.objects.bulk_create(
        AddressIdentity(address=f"192.0.2.{number}", due_at=NOW) for number in range(200)
    )
    taken: list[str] = []

    def take() -> None:
        try:
            while batch := queue.claim(at=NOW, limit=7):
                taken.extend(batch)
        finally:
            connection.close()

    _together(take, take, take)
    assert sorted(taken) == sorted(f"192.0.2.{number}" for number in range(200))


def test_an_answer_holds_for_thirty_days_and_no_answer_for_seven(reported: None) -> None:
    look_up({"192.0.2.1": NameFacts(), "192.0.2.2": NameFacts("a.example.net", is_confirmed=True)})
    assert [(known(each).due_at - NOW).days for each in ("192.0.2.1", "192.0.2.2")] == [7, 30]
    assert look_up({}, at=NOW + timedelta(days=6)).asked == ["192.0.2.3"]


@pytest.mark.parametrize(
    ("name", "as_domain", "service"),
    [
        (NameFacts("o1.sendgrid.net", is_confirmed=True), "google.com", ("Twilio SendGrid", "Marketing", "name")),
        (NameFacts("o1.example.net", is_confirmed=True), "sendgrid.net", ("Twilio SendGrid", "Marketing", "network")),
        (NameFacts("o1.google.com"), "sendgrid.net", ("Twilio SendGrid", "Marketing", "network")),
        (NameFacts("o1.example.net", is_confirmed=True), "example.org", ("", "", "")),
    ],
)
def test_a_confirmed_name_speaks_before_the_owner_of_the_network(
    name: NameFacts, as_domain: str, service: tuple[str, str, str]
) -> None:
    AddressIdentity.objects.create(address="192.0.2.1", due_at=NOW)
    queue.note_found("192.0.2.1", name=name, network=NetworkFacts(as_domain=as_domain), at=NOW)
    found = known("192.0.2.1")
    assert (found.service_name, found.service_type, found.service_basis) == service


def test_without_name_servers_files_alone_answer(reported: None, tmp_path: Path) -> None:
    path = write_mmdb(tmp_path / "a.mmdb", {"192.0.2.0/24": {"asn": "AS64496", "country_code": "JP"}})
    assert look_up_due(resolver=None, files=[path], clock=lambda: NOW) == 3
    assert [(each.asn, each.country, each.name) for each in AddressIdentity.objects.all()] == [(64496, "JP", "")] * 3


def test_a_round_ends_in_time(reported: None) -> None:
    times = iter([NOW, NOW + timedelta(hours=1)])
    assert look_up_due(resolver=Book({}), files=[], clock=lambda: next(times, NOW)) == 0
    queue.note_found("192.0.2.1", name=NameFacts(), network=NOTHING, at=NOW)


def test_ipv6_addresses_are_kept_as_postgresql_writes_them() -> None:
    upload(report(record("2001:db8:0:0::25", 1)), organisation=make_organisation())
    look_up({"2001:db8::25": NameFacts("a.example.net", is_confirmed=True)})
    assert known(str(ip_address("2001:db8::25"))).name == "a.example.net"


def _together(*acts: Callable[[], Any]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
