"""Who stands behind a source, on pages: what is confirmed and what is claimed, one's own names, filters and groups."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from reports.enrichment import naming
from reports.enrichment.naming import NamingRefused, Target, to_target
from reports.models import AddressIdentity, AuditEntry, Organisation, ServiceName, Source
from reports.selectors.identities import identities_of, sources_of
from reports.selectors.memory import Memory
from reports.selectors.scope import Scope
from reports.selectors.service_groups import service_groups
from reports.vocabulary import Lens, Role
from tests.reports.pages import HOSTILE, a_person, assert_inert, document, logged_in, words
from tests.reports.stored import NOW, make_organisation, record, report, upload

pytestmark = pytest.mark.django_db(transaction=True)
LIST = reverse("reports:source-list")
NAMES = reverse("reports:service-list")


@pytest.fixture
def ours() -> Organisation:
    """Three failing sources: one with a confirmed name, one with a claimed name, one of which nothing is known."""
    organisation = make_organisation()
    upload(
        report(record("192.0.2.1", 5), record("192.0.2.2", 3), record("198.51.100.3", 2), begin=_recent(), end=_recent() + 86399),
        organisation=organisation,
    )  # fmt: skip
    known("192.0.2.1", name="o1.sendgrid.net", is_confirmed=True, base_domain="sendgrid.net", asn=64496, as_name="Example Net",
          country="JP", service_name="Twilio SendGrid", service_type="Marketing", service_basis="name")  # fmt: skip
    known("192.0.2.2", name="mail.example.com", asn=64497, country="DE", service_name="Other Host", service_type="Web Host",
          service_basis="network")  # fmt: skip
    return organisation


def _recent() -> int:
    """Midnight of yesterday, since the list shows the last days alone."""
    return int(datetime.now(tz=UTC).timestamp()) // 86400 * 86400 - 86400


def known(address: str, **fields: Any) -> None:
    AddressIdentity.objects.create(address=address, due_at=NOW, looked_up_at=NOW, **fields)


def shown(client: Client, **query: str) -> str:
    return words(client.get(LIST, query))


def addresses(client: Client, **query: str) -> list[str]:
    return [each.text for each in document(client.get(LIST, query)).xpath("//tbody//a[@class='address']")]


def call(organisation: Organisation, target: str, name: str) -> ServiceName:
    return naming.service_name(target, name=name, kind="", viewer=a_person(organisation, Role.ANALYST), at=NOW)


def test_what_an_address_claims_is_marked_and_a_weak_service_too(ours: Organisation) -> None:
    text = shown(logged_in(ours, Role.VIEWER))
    assert "Twilio SendGrid (Marketing) · o1.sendgrid.net AS64496 Example Net JP" in text
    assert "Other Host (Web host) by its network alone · mail.example.com (unconfirmed) AS64497 DE" in text


def test_a_hostile_owner_of_a_network_is_text(ours: Organisation) -> None:
    AddressIdentity.objects.filter(address="192.0.2.1").update(as_name=HOSTILE, service_name=HOSTILE)
    client = logged_in(ours, Role.VIEWER)
    assert_inert(client.get(LIST))
    assert_inert(client.get(LIST, {"group": "service"}))
    source = Source.objects.get(address="192.0.2.1")
    assert_inert(client.get(reverse("reports:source-detail", args=[source.pk])))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"service": "sendgrid"}, ["192.0.2.1"]),
        ({"asn": "64497"}, ["192.0.2.2"]),
        ({"country": "jp"}, ["192.0.2.1"]),
        ({"country": "JP", "asn": "64497"}, []),
        ({"asn": "none"}, ["192.0.2.1", "192.0.2.2", "198.51.100.3"]),
        ({}, ["192.0.2.1", "192.0.2.2", "198.51.100.3"]),
    ],
)
def test_sources_are_found_by_who_stands_behind_them(
    ours: Organisation, query: dict[str, str], found: list[str]
) -> None:
    assert addresses(logged_in(ours, Role.VIEWER), **query) == found


def test_sources_are_grouped_by_service(ours: Organisation) -> None:
    call(ours, "198.51.100.0/24", "Twilio SendGrid")
    page = document(logged_in(ours, Role.VIEWER).get(LIST, {"group": "service"}))
    rows = [[cell.text_content().strip() for cell in row.xpath("td")] for row in page.xpath("//tbody/tr")]
    assert [row[:2] for row in rows] == [["Twilio SendGrid", "2"], ["Other Host", "1"]]


def test_a_group_holds_the_sums_of_its_sources_over_all_days_and_nobody_elses(ours: Organisation) -> None:
    call(ours, "198.51.100.0/24", "Twilio SendGrid")
    begin = _recent() - 86_400
    upload(report(record("198.51.100.3", 7), report_id="r-2", begin=begin, end=begin + 86_399), organisation=ours)
    upload(report(record("192.0.2.1", 99), begin=begin, end=begin + 86_399), organisation=make_organisation("other"))
    today = datetime.now(tz=UTC).date()
    scope = Scope(a_person(ours, Role.VIEWER), Lens.ELSEWHERE, since=today - timedelta(days=6), until=today)
    memory, ask = Memory(scope, datetime.now(tz=UTC)), {"tab": "needs-decision"}
    groups = {group["service"]: group for group in service_groups(memory, **ask)}
    assert set(groups) == {"Twilio SendGrid", "Other Host"}
    assert groups["Twilio SendGrid"] == {
        "service": "Twilio SendGrid", "addresses": 2, "total": 14, "failing": 14, "dkim": 0, "spf": 0, "unaligned_auth": 0,
        "nothing_passes": 14, "first_day": today - timedelta(days=2), "last_day": today - timedelta(days=1),
        "from_domains": ["example.com"],
    }  # fmt: skip
    assert service_groups(memory, **ask, sources=Source.objects.filter(pk__in=[])) == []
    german = Source.objects.filter(address="192.0.2.2")
    assert [group["service"] for group in service_groups(memory, **ask, sources=german)] == ["Other Host"]


def test_groups_that_are_remembered_know_a_new_name_a_new_lookup_and_a_new_report_at_once(ours: Organisation) -> None:
    viewer = a_person(ours, Role.ANALYST)

    def groups() -> dict[str, tuple[int, int]]:
        now = datetime.now(tz=UTC)
        scope = Scope(viewer, Lens.ELSEWHERE, since=now.date() - timedelta(days=6), until=now.date())
        found = service_groups(Memory(scope, now), tab="needs-decision")
        assert found == service_groups(Memory(scope, now), tab="needs-decision")
        return {group["service"]: (group["addresses"], group["failing"]) for group in found}

    assert groups() == {"Twilio SendGrid": (1, 5), "Other Host": (1, 3), "": (1, 2)}
    naming.service_name("198.51.100.0/24", name="Ours", kind="", viewer=viewer, at=NOW)
    assert groups() == {"Twilio SendGrid": (1, 5), "Other Host": (1, 3), "Ours": (1, 2)}
    AddressIdentity.objects.filter(address="192.0.2.2").update(service_name="")
    assert groups() == {"Twilio SendGrid": (1, 5), "": (1, 3), "Ours": (1, 2)}
    naming.service_name("sendgrid.net", name="Letters", kind="", viewer=viewer, at=NOW)
    assert groups() == {"Letters": (1, 5), "": (1, 3), "Ours": (1, 2)}
    upload(
        report(record("203.0.113.9", 4), report_id="r-3", begin=_recent(), end=_recent() + 86_399), organisation=ours
    )
    assert groups() == {"Letters": (1, 5), "": (2, 7), "Ours": (1, 2)}


def test_many_sources_ask_no_more_queries_than_few(ours: Organisation) -> None:
    client = logged_in(ours, Role.VIEWER)
    for query in ({"group": "service"}, {"group": "service", "service": "e"}, {"country": "de"}):
        client.get(LIST, query)
        with CaptureQueriesContext(connection) as few:
            client.get(LIST, query)
        day = {"begin": _recent(), "end": _recent() + 86_399}
        rows = [record(f"203.0.113.{number}", 1) for number in range(1, 40)]
        upload(report(*rows, report_id=f"many {query}", **day), organisation=ours)
        client.get(LIST, query)
        with CaptureQueriesContext(connection) as many:
            client.get(LIST, query)
        assert len(many) == len(few)


def test_names_of_ones_own_are_the_same_in_filters_and_in_rows(ours: Organisation) -> None:
    """SQL chooses for filters, Python for rows; narrow networks come before wide ones, networks before domains."""
    for target, name in (
        ("192.0.2.0/24", "Wide"), ("192.0.2.2", "Narrow"), ("sendgrid.net", "Domain"), ("198.51.100.0/24", "Else"), ("example.com", "Claimed"),
    ):  # fmt: skip
        ServiceName.objects.create(
            organisation=ours, name=name, named_by_name="A", named_at=NOW, **asdict(to_target(target))
        )
    for removed in ("", "Narrow", "Wide"):
        ServiceName.objects.filter(name=removed).delete()
        in_sql = dict(sources_of(organisation_id=ours.pk).values_list("address", "service"))
        in_rows = {
            address: each.service_name for address, each in identities_of(list(in_sql), organisation_id=ours.pk).items()
        }
        assert in_sql == in_rows
    assert in_sql == {"192.0.2.1": "Domain", "192.0.2.2": "Other Host", "198.51.100.3": "Else"}


def test_another_organisations_names_are_not_ours(ours: Organisation) -> None:
    call(make_organisation("other"), "192.0.2.0/24", "Theirs")
    assert "Theirs" not in shown(logged_in(ours, Role.VIEWER))


@pytest.mark.parametrize(
    ("text", "code"),
    [("192.0.2.1/24", "neither"), ("not a name", "neither"), ("localhost", "neither"), ("co.uk", "suffix")],
)
def test_what_cannot_be_named(text: str, code: str) -> None:
    with pytest.raises(NamingRefused) as refused:
        to_target(text)
    assert refused.value.code == code


def test_a_host_name_means_the_domain_it_lies_in() -> None:
    assert to_target(" Mail.Example.COM ") == Target(base_domain="example.com")
    assert to_target("2001:db8::/48") == Target(network="2001:db8::/48")


def test_the_same_thing_is_named_once(ours: Organisation) -> None:
    client = logged_in(ours, Role.ANALYST)
    given = {"target": "192.0.2.0/24", "name": "Payroll", "type": "SaaS"}
    assert client.post(NAMES, given).status_code == 302
    assert client.post(NAMES, given).status_code == 409
    assert client.post(NAMES, {**given, "target": "co.uk"}).status_code == 422
    assert ServiceName.objects.count() == 1


def test_naming_and_dropping_stand_in_the_audit_log(ours: Organisation) -> None:
    client = logged_in(ours, Role.ANALYST)
    client.post(NAMES, {"target": "192.0.2.0/24", "name": "Payroll", "type": "SaaS"})
    assert "Payroll (Software (SaaS))" in shown(client)
    client.post(reverse("reports:service-drop", args=[ServiceName.objects.get().pk]))
    assert "Payroll" not in shown(client)
    acts = AuditEntry.objects.order_by("id").values_list("action", "actor_name", "data__name")
    assert list(acts)[-2:] == [
        ("reports.service.named", "Analyst", "Payroll"),
        ("reports.service.dropped", "Analyst", "Payroll"),
    ]


def test_nobody_drops_the_names_of_another_organisation(ours: Organisation) -> None:
    theirs = call(make_organisation("other"), "192.0.2.0/24", "Theirs")
    assert logged_in(ours, Role.ANALYST).post(reverse("reports:service-drop", args=[theirs.pk])).status_code == 404
    assert ServiceName.objects.filter(pk=theirs.pk).exists()
