"""The list of reports and the page of one: what is refused, what is found, and that a report says nothing but text."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from reports.models import AggregateReport, Organisation, RawMessage
from reports.selectors.report_list import ReportList
from reports.vocabulary import Role
from tests.reports.pages import document, words
from tests.reports.samples import BEGIN, END, POLICY, aggregate_xml, record_xml
from tests.reports.stored import make_organisation, record, report, upload

ROLE = Role.VIEWER
pytestmark = pytest.mark.django_db


def stored(organisation: Organisation, data: bytes) -> AggregateReport:
    (facts,) = upload(data, organisation=organisation).reports
    return AggregateReport.objects.get(pk=facts.pk)


def reporters(response) -> list[str]:
    return [link.text for link in document(response).xpath("//table//td[1]/a")]


@pytest.mark.parametrize("name", ["", "original.xml"])
def test_a_report_of_another_organisation_is_not_there(client: Client, name: str) -> None:
    theirs = stored(make_organisation("theirs"), report())
    assert client.get(f"/reports/{theirs.pk}/{name}").status_code == 404


def test_the_list_shows_own_reports_alone(client: Client, ours: Organisation) -> None:
    stored(make_organisation("theirs"), report(org_name="Theirs"))
    stored(ours, report(org_name="Ours"))
    assert reporters(client.get("/reports/")) == ["Ours"]


NONSENSE = [
    "?page=0", "?page=-1", "?page=x", "?page=99999999999999999999", "?per_page=0", "?per_page=-5", "?sort=nothing",
    "?sort=-reporter,,period", "?domain=%00", "?domain=nobody.example", "?days=0", "?days=x", "?status=x", "?status=%27",
    "?reporter=%00", "?reporter=%25_%5C", "?report_id=" + "x" * 3000, "?%00=%00", "?reporter=%F0%28%8C%28",
]  # fmt: skip


@pytest.mark.parametrize("query", NONSENSE)
def test_nonsense_in_the_address_bar_never_fails(client: Client, ours: Organisation, query: str) -> None:
    one = stored(ours, report())
    assert client.get(f"/reports/{query}").status_code == 200
    assert client.get(f"/reports/{one.pk}/{query}").status_code == 200


def test_an_empty_list_says_what_is_normal(client: Client) -> None:
    assert "No report has arrived yet" in words(client.get("/reports/"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("reporter=two", ["Two"]),
        ("reporter=RECEIVER.EXAMPLE", ["Two", "One"]),
        ("domain=example.net", ["Two"]),
        ("report_id=r-1", ["One"]),
        ("status=failing", ["Two"]),
        ("status=clean", ["Two", "One"]),
        ("status=repaired", []),
        ("days=7", []),
        ("status=nonsense", ["Two", "One"]),
    ],
)
def test_filters_narrow_the_list(client: Client, ours: Organisation, query: str, found: list[str]) -> None:
    stored(ours, report(record(dkim="pass", disposition="none"), org_name="One"))
    stored(ours, report(org_name="Two", report_id="r-2", domain="example.net", begin=BEGIN + 1, end=END + 1)
           .replace(b"<dkim>pass</dkim>", b"<dkim>fail</dkim>"))  # fmt: skip
    assert reporters(client.get(f"/reports/?{query}")) == found


def test_the_period_is_counted_back_from_today(client: Client, ours: Organisation) -> None:
    now = int((timezone.now() - timedelta(days=2)).timestamp())
    stored(ours, report(org_name="Fresh", begin=now - 86400, end=now))
    stored(ours, report(org_name="Old", report_id="r-2"))
    assert reporters(client.get("/reports/?days=7")) == ["Fresh"]


def test_one_report_shows_failing_records_first_and_all_when_asked(client: Client, ours: Organisation) -> None:
    rows = (record("192.0.2.1", 50, dkim="pass"), record("192.0.2.2", 3), record("192.0.2.3", 7))
    one = stored(ours, report(*rows))
    sources = "//table[@class='table cards-sm dense']//td[1]/a/text()"
    page = client.get(f"/reports/{one.pk}/")
    assert document(page).xpath(sources) == ["192.0.2.3", "192.0.2.2"]
    assert "10 of 60 messages in the name of example.com failed DMARC." in words(page)
    everything = client.get(f"/reports/{one.pk}/?records=all")
    assert document(everything).xpath(sources) == ["192.0.2.3", "192.0.2.2", "192.0.2.1"]


def test_the_policy_stands_in_the_reporters_words(client: Client, ours: Organisation) -> None:
    policy = POLICY.replace("<p>reject</p>", "<p>Quarantine!</p><np>none</np><testing>y</testing><pct>50</pct>")
    page = words(client.get(f"/reports/{stored(ours, aggregate_xml(policy=policy).encode()).pk}/"))
    assert "pct 50 · legacy: RFC 9989 has removed it" in page
    assert "np none · for subdomains that do not exist" in page
    assert "testing y · y would mean that the policy is only being tested" in page
    assert "p quarantine! " in page.lower()


def test_extensions_stand_as_text_beside_what_they_belong_to(client: Client, ours: Organisation) -> None:
    policy = POLICY.replace("</policy_published>", "<psd>n</psd></policy_published>")
    whole = "<extension><x:a xmlns:x='urn:x'>&lt;script&gt;</x:a></extension>"
    extended = record_xml(after="<x:b xmlns:x='urn:x'>c</x:b>")
    one = stored(ours, aggregate_xml(record_xml(), extended, policy=policy + whole).encode())
    page = client.get(f"/reports/{one.pk}/")
    (section,) = document(page).xpath("//section[.//h2='Extensions']")
    assert [" ".join(each.text_content().split()) for each in section.xpath(".//li")] == [
        'The report as a whole · in extension <extension><x:a xmlns:x="urn:x">&lt;script&gt;</x:a></extension>',
        'Record 2 · in record <x:b xmlns:x="urn:x">c</x:b>',
    ]
    assert "psd n · y: others may register names below this domain" in words(page)


def test_rejected_records_and_repairs_are_told_in_words(client: Client, ours: Organisation) -> None:
    bad = record_xml(source_ip="<source_ip>nowhere</source_ip>")
    one = stored(ours, report(record(), bad, record_xml(count="<count>1.0</count>")))
    page = words(client.get(f"/reports/{one.pk}/"))
    assert "Record 2: The record has no usable source address, so it was not counted." in page
    assert "<source_ip>nowhere</source_ip>" in page
    assert "A number of messages is written in an unusual way; it was read as the number it means." in page
    assert "record[3]/row/count" in page


def test_a_conflicting_report_names_the_others_and_a_second_copy_is_counted(client: Client, ours: Organisation) -> None:
    first, second = stored(ours, report(record(count=1))), stored(ours, report(record(count=2)))
    upload(report(record(count=2)), organisation=ours)
    page = client.get(f"/reports/{second.pk}/")
    assert "The same reporter sent other records under the same id" in words(page)
    assert document(page).xpath(f"//main//a[@href='/reports/{first.pk}/']")
    assert "received 2 times, counted once" in words(page)


def test_the_xml_is_a_download_of_the_bytes_that_were_sent(client: Client, ours: Organisation) -> None:
    data = report(record())
    answer = client.get(f"/reports/{stored(ours, data).pk}/original.xml")
    assert answer.content == data
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")


def test_a_report_whose_raw_message_cannot_be_opened_is_not_downloaded(client: Client, ours: Organisation) -> None:
    one = stored(ours, report())
    RawMessage.objects.update(sealed=b"damaged")
    assert client.get(f"/reports/{one.pk}/original.xml").status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_list(
    client: Client, ours: Organisation, django_assert_max_num_queries
) -> None:
    for number in range(30):
        stored(ours, report(record(f"192.0.2.{number}"), report_id=f"r-{number}"))
    with django_assert_max_num_queries(10):
        client.get("/reports/")
    many = stored(ours, report(*(record(f"192.0.2.{number}") for number in range(60)), report_id="many"))
    with django_assert_max_num_queries(9):
        client.get(f"/reports/{many.pk}/")


@pytest.mark.parametrize("order", [("-failing", "-pk"), ("failing", "pk"), ("-begin", "-pk"), ("org_name", "pk")])
def test_a_list_of_reports_is_what_its_query_answers_page_by_page(ours: Organisation, order: tuple[str, str]) -> None:
    for number in range(7):
        stored(ours, report(record(count=1 + number % 3), report_id=f"r-{number}", org_name=f"Receiver {number % 2}"))
    whole = AggregateReport.objects.filter(failing__lt=3)
    listed = ReportList(whole).order_by(*order)
    assert [listed[start : start + 2] for start in (0, 2, 4)] == [
        list(whole.order_by(*order)[start : start + 2]) for start in (0, 2, 4)
    ]
    assert (listed.count(), listed[6:8], ReportList(whole.none()).order_by(*order)[0:2]) == (5, [], [])


@pytest.mark.parametrize("query", NONSENSE)
def test_nonsense_on_the_page_of_sources_never_fails(client: Client, ours: Organisation, query: str) -> None:
    stored(ours, report(record()))
    assert client.get(f"/sources/{query}").status_code == 200
