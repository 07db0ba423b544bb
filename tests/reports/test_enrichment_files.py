"""Networks, countries and services from files: the shapes of both makers, damage, and the files that parsedmarc ships."""

from __future__ import annotations

import csv
import logging
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest

from reports.enrichment.databases import NetworkFacts, network_of
from reports.enrichment.resources import SERVICES, bundled
from reports.enrichment.services import Service, base_domain_of, service_of
from reports.sentences.services import SERVICE_TYPES
from tests.reports.mmdb import write_mmdb

IPINFO_LITE = {
    "asn": "AS64496",
    "as_name": "Example Net",
    "as_domain": "example.net",
    "country": "Japan",
    "country_code": "JP",
}
IPINFO_ASN = {"asn": "AS64497", "name": "Other Net", "domain": "example.org", "country": "DE"}
MAXMIND_ASN = {"autonomous_system_number": 64498, "autonomous_system_organization": "Third Net"}
MAXMIND_COUNTRY = {
    "country": {"iso_code": "CH", "names": {"en": "Switzerland"}},
    "registered_country": {"iso_code": "US"},
}


def found(address: str, *files: Path) -> NetworkFacts:
    return network_of(ip_address(address), files=files)


@pytest.mark.parametrize(
    ("record", "facts"),
    [
        (IPINFO_LITE, NetworkFacts(64496, "Example Net", "example.net", "JP")),
        (IPINFO_ASN, NetworkFacts(64497, "Other Net", "example.org", "DE")),
        (MAXMIND_ASN, NetworkFacts(64498, "Third Net", "", "")),
        (MAXMIND_COUNTRY, NetworkFacts(None, "", "", "CH")),
        ({"registered_country": {"iso_code": "fr"}}, NetworkFacts(None, "", "", "FR")),
    ],
)  # fmt: skip
def test_each_shape_is_understood(tmp_path: Path, record: dict[str, object], facts: NetworkFacts) -> None:
    path = write_mmdb(tmp_path / "some.mmdb", {"192.0.2.0/24": record, "2001:db8::/32": record})
    assert found("192.0.2.7", path) == facts
    assert found("2001:db8::7", path) == facts
    assert found("198.51.100.7", path) == NetworkFacts()


def test_what_one_file_does_not_say_the_next_may(tmp_path: Path) -> None:
    asn = write_mmdb(tmp_path / "asn.mmdb", {"192.0.2.0/24": MAXMIND_ASN})
    country = write_mmdb(tmp_path / "country.mmdb", {"192.0.2.0/24": {**MAXMIND_COUNTRY, "asn": "AS1"}})
    assert found("192.0.2.7", asn, country) == NetworkFacts(64498, "Third Net", "", "CH")


def test_an_ipv4_file_knows_nothing_of_ipv6(tmp_path: Path) -> None:
    path = write_mmdb(tmp_path / "four.mmdb", {"192.0.2.0/24": IPINFO_LITE}, ip_version=4)
    assert found("2001:db8::7", path) == NetworkFacts()
    assert found("192.0.2.7", path).asn == 64496


@pytest.mark.parametrize(
    "record",
    [{"asn": "AS0", "country": "Japan"}, {"asn": "AS99999999999", "country_code": "J1"}, {"asn": ["AS1"], "country": {"iso_code": 7}}],
)  # fmt: skip
def test_nonsense_in_a_record_is_left_out(tmp_path: Path, record: dict[str, object]) -> None:
    assert found("192.0.2.7", write_mmdb(tmp_path / "odd.mmdb", {"192.0.2.0/24": record})) == NetworkFacts()


def test_names_are_bounded_and_printable(tmp_path: Path) -> None:
    record = {"as_name": "Exa\u202emple\x1b[31m" + "x" * 500, "as_domain": "<b>.example"}
    facts = found("192.0.2.7", write_mmdb(tmp_path / "odd.mmdb", {"192.0.2.0/24": record}))
    assert facts == NetworkFacts(None, "Example[31m" + "x" * 189, "", "")


def test_a_missing_or_damaged_file_is_said_in_the_log_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = write_mmdb(tmp_path / "good.mmdb", {"192.0.2.0/24": IPINFO_LITE})
    (tmp_path / "bad.mmdb").write_bytes(b"no database")
    with caplog.at_level(logging.ERROR):
        assert found("192.0.2.7", tmp_path / "none.mmdb", tmp_path / "bad.mmdb", good).asn == 64496
    assert [each.getMessage().partition(" cannot")[0] for each in caplog.records] == [
        f"the IP database {tmp_path / name}" for name in ("none.mmdb", "bad.mmdb")
    ]


def test_the_shipped_file_needs_no_setting_and_no_network() -> None:
    facts = found("8.8.8.8")
    assert (facts.asn, facts.as_domain, facts.country) == (15169, "google.com", "US")


@pytest.mark.parametrize(
    ("hostname", "domain"),
    [("out1.mail.example.co.uk", "example.co.uk"), ("example.com", "example.com"), ("co.uk", ""), ("com", "")],
)
def test_the_base_domain_is_what_somebody_registered(hostname: str, domain: str) -> None:
    assert base_domain_of(hostname) == domain


def test_the_map_knows_services() -> None:
    assert service_of("sendgrid.net") == Service("Twilio SendGrid", "Marketing")
    assert service_of("example.com") is None


def test_every_type_of_the_map_has_words() -> None:
    with bundled(SERVICES).open(encoding="utf-8", newline="") as file:
        assert {row["type"] for row in csv.DictReader(file)} == set(SERVICE_TYPES)


def test_parsedmarc_itself_is_not_loaded() -> None:
    program = (
        "import sys; from reports.enrichment.services import service_of; service_of('example.com'); "
        "sys.exit('parsedmarc' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
