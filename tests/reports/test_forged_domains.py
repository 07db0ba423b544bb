"""What a forged report may do with the name of a domain: be stored, and nothing else."""

from __future__ import annotations

import pytest

from reports.ingest.domains import MOST_UNCONFIRMED
from reports.models import AggregateReport, Domain, FailureReport
from reports.vocabulary import DomainKind, Outcome, RepairCode
from tests.reports.samples import failure_mail
from tests.reports.stored import NOW, make_organisation, record, report, upload

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["com", "*.example", "a*b.example", "ends-.example", f"{'a' * 64}.example"])
def test_a_report_about_what_is_no_domain_of_anybody_is_filed_under_the_others(name: str) -> None:
    organisation = make_organisation()
    before = set(Domain.objects.values_list("name", "kind"))
    result = upload(report(record(), domain=name), organisation=organisation)
    assert result.outcome == Outcome.STORED
    assert set(Domain.objects.values_list("name", "kind")) == before
    assert list(AggregateReport.objects.values_list("domain__kind", flat=True)) == [DomainKind.FOREIGN]


def test_reports_make_so_many_domains_and_no_more_until_people_confirm_or_drop_some() -> None:
    organisation = make_organisation()
    free = 1
    Domain.objects.bulk_create(
        Domain(organisation=organisation, name=f"{number}.example", kind=DomainKind.OWN)
        for number in range(MOST_UNCONFIRMED - free)
    )

    def filed(name: str) -> tuple[str, list[str]]:
        upload(report(record(), domain=name, report_id=name), organisation=organisation)
        stored = AggregateReport.objects.select_related("domain").get(report_id=name)
        return stored.domain.name, [repair["sent"] for repair in stored.repairs]

    assert filed("last.example") == ("last.example", [])
    assert filed("beyond.example") == ("*", ["beyond.example"])
    assert filed("com") == ("*", [])
    Domain.objects.filter(name="last.example").update(confirmed_at=NOW, confirmed_by_name="Ann")
    assert filed("next.example") == ("next.example", [])
    assert filed("again.example") == ("*", ["again.example"])
    assert Domain.objects.filter(confirmed_at=None, kind=DomainKind.OWN).count() == MOST_UNCONFIRMED


def test_a_failure_report_beyond_the_limit_says_so_too() -> None:
    organisation = make_organisation()
    Domain.objects.bulk_create(
        Domain(organisation=organisation, name=f"{number}.example", kind=DomainKind.OWN)
        for number in range(MOST_UNCONFIRMED)
    )
    upload(failure_mail(), organisation=organisation, filename="mail.eml")
    stored = FailureReport.objects.select_related("domain").get()
    assert stored.domain.name == "*"
    assert RepairCode.DOMAIN_BEYOND_LIMIT in [repair["code"] for repair in stored.repairs]
