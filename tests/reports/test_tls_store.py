from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from reports.ingest.read import read
from reports.models import Domain, Message, Organisation, Sighting, TlsFailure, TlsPolicy, TlsReport
from reports.reread.replace import replace
from reports.reread.snapshot import what_came
from reports.vocabulary import DomainKind, Outcome, RepairCode
from tests.reports.samples import report_mail
from tests.reports.stored import DAY, NOW, make_organisation, upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def organisation() -> Organisation:
    return make_organisation()


def policy(
    domain: str = "example.com", *, kind: str = "sts", good: int = 90, bad: int = 10, **more: Any
) -> dict[str, Any]:
    content = {
        "policy-type": kind,
        "policy-domain": domain,
        "policy-string": ["version: STSv1"],
        "mx-host": ["mx.example.com"],
    }
    summary = {"total-successful-session-count": good, "total-failure-session-count": bad}
    detail = {"result-type": "certificate-expired", "sending-mta-ip": "192.0.2.1", "failed-session-count": bad}
    return {"policy": content, "summary": summary, "failure-details": [detail], **more}


def tls(*policies: object, report_id: str = "t-1") -> bytes:
    period = {"start-datetime": "2023-11-15T00:00:00Z", "end-datetime": "2023-11-15T23:59:59Z"}
    head = {"organization-name": "Receiver Example", "date-range": period, "contact-info": "tls@example.net"}
    return json.dumps(head | {"report-id": report_id, "policies": list(policies)}).encode()


def mail(content: bytes, *, domain: str = "example.com") -> bytes:
    message = report_mail((content, f"example.net!{domain}!1700006400!1700092799.json"))
    message.replace_header("Subject", f"Report Domain: {domain} Submitter: example.net Report-ID: <t-1>")
    return message.as_bytes()


def test_a_report_is_stored_with_policies_and_failures(organisation: Organisation) -> None:
    result = upload(
        tls(policy(), policy("example.org", kind="no-policy-found", good=5, bad=0)), organisation=organisation
    )
    assert result.outcome == Outcome.STORED
    stored = TlsReport.objects.get()
    assert (stored.org_name, stored.report_id, stored.contact_info, stored.day) == (
        "Receiver Example", "t-1", "tls@example.net", DAY,
    )  # fmt: skip
    assert (stored.total_successful_session_count, stored.total_failure_session_count) == (95, 10)
    assert (stored.pk, stored.message_id, stored.stored_at) == (result.reports[0].pk, result.message_id, NOW)
    rows = TlsPolicy.objects.order_by("position")
    assert list(rows.values_list("position", "domain__name", "policy_type", "policy_domain", "mx_host", "day")) == [
        (1, "example.com", "sts", "example.com", ["mx.example.com"], DAY),
        (2, "example.org", "no-policy-found", "example.org", ["mx.example.com"], DAY),
    ]
    failures = TlsFailure.objects.order_by("pk").values_list(
        "policy__position", "result_type", "sending_mta_ip", "failed_session_count"
    )
    assert list(failures) == [(1, "certificate-expired", "192.0.2.1", 10), (2, "certificate-expired", "192.0.2.1", 0)]


def test_the_same_report_by_another_mail_counts_once(organisation: Organisation) -> None:
    first = upload(tls(policy()), organisation=organisation)
    second = upload(mail(tls(policy())), organisation=organisation)
    assert (second.outcome, second.reports[0].pk) == (Outcome.DUPLICATE, first.reports[0].pk)
    assert list(TlsReport.objects.values_list("sightings", "is_conflicting")) == [(2, False)]
    assert list(Sighting.objects.values_list("message_id", "tls_id")) == [(second.message_id, first.reports[0].pk)]
    assert TlsPolicy.objects.count() == 1


def test_one_identity_with_other_content_is_kept_and_marked(organisation: Organisation) -> None:
    upload(tls(policy()), organisation=organisation)
    assert upload(tls(policy(bad=11)), organisation=organisation).outcome == Outcome.STORED
    marked = TlsReport.objects.order_by("pk").values_list("total_failure_session_count", "is_conflicting")
    assert list(marked) == [(10, True), (11, True)]


def test_one_id_for_reports_about_several_domains_is_no_conflict(organisation: Organisation) -> None:
    upload(tls(policy()), organisation=organisation)
    upload(tls(policy("example.org")), organisation=organisation)
    assert list(TlsReport.objects.values_list("is_conflicting", flat=True)) == [False, False]


def test_a_broken_policy_makes_it_partial_and_is_kept_with_its_text(organisation: Organisation) -> None:
    broken = policy() | {"summary": {"total-successful-session-count": "a lot", "total-failure-session-count": 0}}
    result = upload(tls(broken, policy()), organisation=organisation)
    assert (result.outcome, result.reason, result.reports[0].rows_dropped) == (Outcome.PARTIAL, "policies_rejected", 1)
    (rejected,) = TlsReport.objects.get().rejected
    assert (rejected["position"], rejected["code"]) == (1, "bad_sessions")
    assert '"a lot"' in rejected["text"]


@pytest.mark.parametrize(
    ("kind", "policy_domain", "confirmed", "filed"),
    [
        ("sts", "example.com", (), "example.com"),
        ("sts", "mail.example.net", (), "mail.example.net"),
        ("sts", "mail.example.net", ("example.com",), "example.com"),
        ("tlsa", "mail.example.net", (), "example.com"),
        ("tlsa", "mail.example.org", ("mail.example.org",), "mail.example.org"),
        ("tlsa", "mail.example.org", ("mail.example.org", "example.com"), "example.com"),
        ("no-policy-found", "", (), "example.com"),
    ],
)  # fmt: skip
def test_a_policy_is_filed_under_the_domain_of_the_recipients(
    organisation: Organisation, kind: str, policy_domain: str, confirmed: tuple[str, ...], filed: str
) -> None:
    for name in confirmed:
        Domain.objects.create(
            organisation=organisation, name=name, kind=DomainKind.OWN, confirmed_at=NOW, confirmed_by_name="A"
        )
    upload(mail(tls(policy(policy_domain, kind=kind))), organisation=organisation)
    assert TlsPolicy.objects.get().domain.name == filed
    assert TlsReport.objects.get().domain.name == filed


def test_a_report_that_nobody_says_the_domain_of_is_filed_among_all_others(organisation: Organisation) -> None:
    upload(tls(policy("")), organisation=organisation)
    stored = TlsReport.objects.get()
    assert (stored.domain.name, [each["code"] for each in stored.repairs]) == ("*", [RepairCode.POLICY_DOMAIN_MISSING])


def test_a_report_without_policies_is_filed_under_the_domain_of_its_mail(organisation: Organisation) -> None:
    assert upload(mail(tls()), organisation=organisation).outcome == Outcome.STORED
    assert TlsReport.objects.get().domain.name == "example.com"


def test_the_database_has_each_content_once(organisation: Organisation) -> None:
    upload(tls(policy()), organisation=organisation)
    stored = TlsReport.objects.get()
    stored.pk = None
    with pytest.raises(IntegrityError, match="tls_report_counted_once"):
        stored.save()


def test_a_message_that_is_read_again_keeps_its_report_and_conflicts_are_settled_anew(
    organisation: Organisation,
) -> None:
    first = upload(tls(policy()), organisation=organisation)
    again = upload(tls(policy()) + b" ", organisation=organisation)
    other = upload(tls(policy(bad=11)), organisation=organisation)
    before = what_came([first.message_id or 0, other.message_id or 0])
    with transaction.atomic():
        behind = replace(
            [(first.message_id or 0, read(tls(policy())))], organisation=organisation, at=NOW + timedelta(days=1)
        )
    assert behind == set()
    assert what_came(before) == before
    kept = TlsReport.objects.get(pk=first.reports[0].pk or 0)
    assert (kept.sightings, kept.is_conflicting, kept.stored_at) == (2, True, NOW)
    assert Message.objects.get(pk=again.message_id or 0).outcome == Outcome.DUPLICATE
    with transaction.atomic():
        replace([(other.message_id or 0, read(b"From: a@example.com\n\nnothing"))], organisation=organisation, at=NOW)
    kept.refresh_from_db()
    assert (kept.is_conflicting, TlsReport.objects.count(), TlsPolicy.objects.count()) == (False, 1, 1)
