"""The reports in the PostgreSQL tables that parsedmarc (10 and 11) writes, in the shape of its JSON. Only reads.

Tables and columns that an older parsedmarc did not make yet are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

FETCHED_TOGETHER = 5
"""One may have a hundred thousand records."""
_EVALUATED = {"disposition": "disposition", "dkim": "policy_dkim", "spf": "policy_spf"}
Row = Mapping[str, Any]
_AGGREGATE: LiteralString = """
SELECT r.id, to_jsonb(r) AS report, coalesce((
  SELECT jsonb_agg(to_jsonb(c) || jsonb_build_object(
    'dkim', (SELECT jsonb_agg(to_jsonb(d) ORDER BY d.id) FROM dmarc_aggregate_record_dkim d WHERE d.record_id = c.id),
    'spf', (SELECT jsonb_agg(to_jsonb(s) ORDER BY s.id) FROM dmarc_aggregate_record_spf s WHERE s.record_id = c.id),
    'reasons', (SELECT jsonb_agg(to_jsonb(o) ORDER BY o.id)
                FROM dmarc_aggregate_record_policy_override o WHERE o.record_id = c.id)
  ) ORDER BY c.id) FROM dmarc_aggregate_record c WHERE c.report_id = r.id), '[]') AS parts
FROM dmarc_aggregate_report r ORDER BY r.id"""
_FAILURE: LiteralString = (
    "SELECT r.id, to_jsonb(r) AS report, '[]'::jsonb AS parts FROM dmarc_failure_report r ORDER BY r.id"
)
_TLS: LiteralString = """
SELECT r.id, to_jsonb(r) AS report, coalesce((
  SELECT jsonb_agg(to_jsonb(p) || jsonb_build_object(
    'failure_details', (SELECT jsonb_agg(to_jsonb(d) ORDER BY d.id) FROM smtp_tls_failure_detail d WHERE d.policy_id = p.id)
  ) ORDER BY p.id) FROM smtp_tls_policy p WHERE p.report_id = r.id), '[]') AS parts
FROM smtp_tls_report r ORDER BY r.id"""


class Stored(NamedTuple):
    """One report: the table it is in, its id there, and its shape as parsedmarc's JSON files have it."""

    table: str
    number: int
    report: dict[str, Any]


def count_reports(connection: psycopg.Connection[Any]) -> int:
    """How many reports `reports_of` will give."""
    return sum(_count(connection, table) for table in _present(connection))


def reports_of(connection: psycopg.Connection[Any]) -> Iterator[Stored]:
    """Every report of the database, in batches from the server; raises psycopg.Error."""
    connection.execute("SET TimeZone TO 'UTC'")
    for table in _present(connection):
        query, shape = _TABLES[table]
        with connection.cursor(name="parsedmarc", row_factory=tuple_row) as cursor:
            cursor.itersize = FETCHED_TOGETHER
            cursor.execute(query)
            for number, report, parts in cursor:
                yield Stored(table, number, shape(report, parts))


def _present(connection: psycopg.Connection[Any]) -> list[str]:
    found = connection.execute("SELECT t FROM unnest(%s::text[]) AS t WHERE to_regclass(t) IS NOT NULL", [[*_TABLES]])
    names = {name for (name,) in found}
    return [table for table in _TABLES if table in names]


def _count(connection: psycopg.Connection[Any], table: str) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _aggregate(row: Row, records: list[Row]) -> dict[str, Any]:
    metadata = {name: row.get(name) for name in ("org_name", "org_email", "org_extra_contact_info", "report_id")}
    metadata |= {name: row.get(name) for name in ("begin_date", "end_date", "errors", "generator")}
    policy = {name: row.get(name) for name in ("domain", "adkim", "aspf", "pct", "fo", "np", "testing")}
    policy |= {"p": row.get("policy"), "sp": row.get("subdomain_policy")}
    return {
        "xml_schema": row.get("xml_schema"),
        "xml_namespace": row.get("xml_namespace"),
        "report_metadata": metadata,
        "policy_published": policy | {"discovery_method": row.get("discovery_method")},
        "records": [_record(record) for record in records],
    }


def _record(row: Row) -> dict[str, Any]:
    reasons = [{"type": each.get("override_type"), "comment": each.get("comment")} for each in row["reasons"] or ()]
    evaluated = {name: row.get(key) for name, key in _EVALUATED.items()}
    return {
        "source": {"ip_address": _host(row.get("source_ip_address"))},
        "count": row.get("message_count"),
        "policy_evaluated": evaluated | {"policy_override_reasons": reasons},
        "identifiers": {name: row.get(name) for name in ("header_from", "envelope_from", "envelope_to")},
        "auth_results": {
            "dkim": _only(row["dkim"], ("domain", "selector", "result", "human_result")),
            "spf": _only(row["spf"], ("domain", "scope", "result", "human_result")),
        },
        "interval_begin": row.get("interval_begin"),
        "interval_end": row.get("interval_end"),
    }


def _failure(row: Row, _: list[Row]) -> dict[str, Any]:
    apart = ("id", "sample_date", "sample_subject", "sample_body", "sample_has_defects")
    fields = {name: value for name, value in row.items() if name not in apart and not name.startswith("source_")}
    return fields | {"source": {"ip_address": _host(row.get("source_ip_address"))}}


def _tls(row: Row, policies: list[Row]) -> dict[str, Any]:
    said = [{name: value for name, value in each.items() if name not in ("id", "report_id")} for each in policies]
    return {name: value for name, value in row.items() if name != "id"} | {"policies": said}


def _only(rows: list[Row] | None, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Results without what identifies them in the table: the parts of one record are equal then."""
    return [{name: each.get(name) for name in names} for each in rows or ()]


def _host(address: object) -> object:
    """PostgreSQL writes single addresses of type inet without a mask, others with it."""
    return address.partition("/")[0] if isinstance(address, str) else address


_TABLES = {
    "dmarc_aggregate_report": (_AGGREGATE, _aggregate),
    "dmarc_failure_report": (_FAILURE, _failure),
    "smtp_tls_report": (_TLS, _tls),
}
