"""What a forged report may do with the name of a domain: be stored, and nothing else."""

from __future__ import annotations

import pytest

from reports.models import AggregateReport, Domain
from reports.vocabulary import DomainKind, Outcome
from tests.reports.stored import make_organisation, record, report, upload

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["com", "*.example", "a*b.example", "ends-.example", f"{'a' * 64}.example"])
def test_a_report_about_what_is_no_domain_of_anybody_is_filed_under_the_others(name: str) -> None:
    organisation = make_organisation()
    before = set(Domain.objects.values_list("name", "kind"))
    result = upload(report(record(), domain=name), organisation=organisation)
    assert result.outcome == Outcome.STORED
    assert set(Domain.objects.values_list("name", "kind")) == before
    assert list(AggregateReport.objects.values_list("domain__kind", flat=True)) == [DomainKind.FOREIGN]
