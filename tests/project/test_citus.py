"""docs/citus.sql against the tables that the migrations make. Citus itself does not run here."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection

from reports.models import AggregateReport, AggregateRow
from tests.project.citus_rules import Plan, refusals, tables
from tests.reports.stored import make_organisation, record, report, upload

SCRIPT = (Path(__file__).resolve().parents[2] / "docs" / "citus.sql").read_text(encoding="utf-8")
PLAN = Plan.of(SCRIPT)
pytestmark = pytest.mark.django_db


def test_every_table_of_the_database_is_named_once() -> None:
    assert PLAN.named == tables()


def test_the_rows_and_their_sums_are_distributed_together() -> None:
    """Most bytes lie there; whole buckets of sums stay in one shard."""
    assert PLAN.distributed == dict.fromkeys(
        ("reports_aggregaterow", "reports_sourceday", "reports_domainday"), "domain_id"
    )


def test_citus_would_refuse_nothing_of_it() -> None:
    assert refusals(PLAN) == []


def test_rows_and_sums_could_be_distributed_by_organisation_as_well() -> None:
    assert refusals(replace(PLAN, distributed=dict.fromkeys(PLAN.distributed, "organisation_id"))) == []


@pytest.mark.parametrize(
    ("table", "column", "refused"),
    [
        ("reports_aggregaterow", "source_id", "reports_aggregaterow_pkey of reports_aggregaterow does not contain source_id"),
        ("reports_aggregaterow", "size", "reports_aggregaterow has no size"),
        ("reports_aggregaterow", "day", "distribution columns of several types: bigint, date"),
        ("reports_aggregatereport", "domain_id", "aggregate_report_counted_once of reports_aggregatereport does not contain domain_id"),
        ("reports_aggregatereport", "domain_id", "trigger rows_go_with_their_report on reports_aggregatereport"),
        ("reports_message", "mailbox_id", "reports_message.mailbox_id may be NULL"),
        ("reports_message", "organisation_id", "message_once_per_key of reports_message does not contain organisation_id"),
    ],
)  # fmt: skip
def test_what_citus_refuses_is_found(table: str, column: str, refused: str) -> None:
    assert refused in refusals(replace(PLAN, distributed={**PLAN.distributed, table: column}))


def test_foreign_keys_that_citus_refuses_are_found() -> None:
    spread = refusals(replace(PLAN, distributed={"reports_inboundevent": "domain_id"}))
    of_nodes = next(each for each in spread if "_node_id_" in each)
    assert of_nodes.endswith(": from distributed reports_inboundevent to reports_node")
    assert not [each for each in spread if "_source_id_" in each]  # sources are a reference table
    pointed_at = refusals(replace(PLAN, distributed={"reports_domain": "id"}))
    assert any(each.endswith(": from reports_decision to distributed reports_domain") for each in pointed_at)


def test_tables_with_triggers_are_no_reference_tables() -> None:
    assert "trigger domain_stays on reports_domain" in refusals(replace(PLAN, reference=["reports_domain"]))


def test_rows_go_with_their_report_by_the_function_of_the_script_too() -> None:
    organisation = make_organisation()
    for number in (1, 2, 3):
        upload(report(record(), record("192.0.2.2"), report_id=f"r-{number}"), organisation=organisation)
    found = re.search(
        r"^CREATE OR REPLACE FUNCTION reports_rows_go_with_their_report.*?^END \$\$;", SCRIPT, re.M | re.S
    )
    assert found
    with connection.cursor() as cursor:
        cursor.execute(found.group())
    AggregateReport.objects.filter(report_id__in=["r-1", "r-3"]).delete()
    assert list(AggregateRow.objects.values_list("report__report_id", flat=True)) == ["r-2", "r-2"]
