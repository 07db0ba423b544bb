from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import Organisation, TlsReport
from reports.selectors import tls as selectors
from reports.selectors.scope import Scope
from reports.vocabulary import Lens, Role
from tests.reports.pages import HOSTILE, a_person, assert_inert, document, logged_in, words
from tests.reports.stored import DAY, make_organisation, upload
from tests.reports.test_tls_store import policy, tls

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


def today_tls(*policies: object, report_id: str = "t-1") -> bytes:
    day = timezone.now().date() - timedelta(days=1)
    return tls(*policies, report_id=report_id).replace(b"2023-11-15", day.isoformat().encode())


def test_without_any_report_the_page_says_what_to_publish(organisation: Organisation) -> None:
    answer = logged_in(organisation, Role.VIEWER).get("/tls/")
    assert answer.status_code == 200
    assert 'TXT "v=TLSRPTv1; rua=mailto:' in words(answer)


def test_sums_are_sessions_by_day_domain_kind_policy_and_reporter(organisation: Organisation) -> None:
    upload(tls(policy(), policy("example.org", good=5, bad=0)), organisation=organisation)
    upload(tls(policy(good=7, bad=3), report_id="t-2"), organisation=organisation)
    scope = Scope(a_person(organisation, Role.VIEWER), Lens.ELSEWHERE, DAY, DAY)
    assert selectors.sessions_by_day(scope) == {DAY: (102, 13)}
    by_domain = [
        (row["domain__name"], row["good"], row["bad"], row["reports"]) for row in selectors.sessions_by_domain(scope)
    ]
    assert by_domain == [("example.com", 97, 13, 2), ("example.org", 5, 0, 1)]
    kinds = [(row["result_type"], row["sessions"], row["reporters"]) for row in selectors.failures_by_type(scope)]
    assert kinds == [("certificate-expired", 13, 1)]
    seen = [
        (row["domain__name"], row["policy_type"], row["good"], row["text"]) for row in selectors.policies_seen(scope)
    ]
    assert seen == [("example.com", "sts", 97, ["version: STSv1"]), ("example.org", "sts", 5, ["version: STSv1"])]
    assert [(row["org_name"], row["reports"]) for row in selectors.reporters_seen(scope)] == [("Receiver Example", 2)]
    elsewhere = Scope(scope.viewer, Lens.ELSEWHERE, DAY + timedelta(days=1), DAY + timedelta(days=2))
    assert selectors.sessions_by_day(elsewhere) == {}


def test_the_chart_and_its_table_show_the_same_sessions(organisation: Organisation) -> None:
    upload(today_tls(policy()), organisation=organisation)
    text = words(logged_in(organisation, Role.VIEWER).get("/tls/?days=7"))
    assert "10 of 100 sessions failed in these 7 days" in text
    assert "90.0 %" in text


def test_the_domain_narrows_figures_and_reports(organisation: Organisation) -> None:
    upload(today_tls(policy()), organisation=organisation)
    upload(today_tls(policy("example.org", good=1, bad=1)), organisation=organisation)
    client = logged_in(organisation, Role.VIEWER)
    text = words(client.get("/tls/?domain=example.org"))
    assert "1 of 2 sessions failed" in text
    assert (
        len(
            document(client.get("/tls/?domain=example.org")).xpath(
                "//main//tbody//a[starts-with(@href, '/tls/') and not(contains(@href, '?'))]"
            )
        )
        == 1
    )


def test_a_report_shows_policies_failures_repairs_and_rejected_ones(organisation: Organisation) -> None:
    broken = policy() | {"summary": {"total-successful-session-count": "lots", "total-failure-session-count": 0}}
    upload(
        tls(policy() | {"failure-details": {"result-type": "moon-phase", "failed-session-count": "4"}}, broken),
        organisation=organisation,
    )
    text = words(logged_in(organisation, Role.VIEWER).get(f"/tls/{TlsReport.objects.get().pk}/"))
    for part in (
        "10 of 100 sessions with example.com failed",
        "MTA-STS",
        "moon-phase",
        "The reporter's own word",
        "A number of sessions is not written as a number",
        "Policy 2: The policy has no usable number of sessions",
    ):
        assert part in text


def test_conflicting_reports_lead_to_each_other(organisation: Organisation) -> None:
    upload(tls(policy()), organisation=organisation)
    upload(tls(policy(bad=11)), organisation=organisation)
    first, second = TlsReport.objects.order_by("pk")
    page = document(logged_in(organisation, Role.VIEWER).get(f"/tls/{first.pk}/"))
    assert page.xpath(f"//main//a[@href='/tls/{second.pk}/']")


def test_reports_of_another_organisation_are_not_there(organisation: Organisation) -> None:
    upload(tls(policy()), organisation=organisation)
    client = logged_in(make_organisation("other"), Role.ADMINISTRATOR)
    assert client.get(f"/tls/{TlsReport.objects.get().pk}/").status_code == 404
    assert "No TLS report has arrived yet" in words(client.get("/tls/"))


def test_the_message_leads_to_its_tls_report(organisation: Organisation) -> None:
    result = upload(tls(policy()), organisation=organisation)
    page = document(logged_in(organisation, Role.VIEWER).get(f"/ingestion/messages/{result.message_id}/"))
    assert page.xpath(f"//main//a[@href='/tls/{result.reports[0].pk}/']")


def test_hostile_texts_are_inert(organisation: Organisation) -> None:
    bad = policy() | {
        "policy": {"policy-type": HOSTILE, "policy-domain": "example.com", "policy-string": [HOSTILE], "mx-host": HOSTILE},
        "failure-details": [{"result-type": HOSTILE, "failed-session-count": 1, "receiving-mx-hostname": HOSTILE,
                             "additional-information": HOSTILE, "failure-reason-code": HOSTILE}],
    }  # fmt: skip
    upload(today_tls(bad, {"x": HOSTILE}, report_id=HOSTILE), organisation=organisation)
    client = logged_in(organisation, Role.VIEWER)
    assert_inert(client.get(f"/tls/{TlsReport.objects.get().pk}/"))
    assert_inert(client.get("/tls/"))


@pytest.mark.parametrize("query", ["days=x", "domain=nowhere", "page=-1", "sort=x", "days=30&sort=-bad"])
def test_nonsense_in_the_address_bar_never_fails(organisation: Organisation, query: str) -> None:
    upload(today_tls(policy()), organisation=organisation)
    assert logged_in(organisation, Role.VIEWER).get(f"/tls/?{query}").status_code == 200
