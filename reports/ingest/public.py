"""The public form of what became of a file: what --jsonl lines and answers of the upload API hold (docs/mailboxes/README.md)."""

from __future__ import annotations

from typing import Any

from reports.ingest.outcome import ReportFacts, Result


def as_fields(result: Result) -> dict[str, Any]:
    """The fields beside the name or path of the file."""
    return {
        "outcome": result.outcome,
        "reason": result.reason,
        "reports": [_facts(report) for report in result.reports],
    }


def _facts(report: ReportFacts) -> dict[str, Any]:
    return {
        "kind": report.kind,
        "reporter": report.reporter,
        "report_id": report.report_id,
        "domain": report.domain,
        "begin": report.begin,
        "end": report.end,
        "rows": report.rows,
        "messages": report.messages,
        "rows_dropped": report.rows_dropped,
        "repairs": list(report.repairs),
    }
