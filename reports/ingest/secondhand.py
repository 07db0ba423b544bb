"""Reports that were rebuilt from parsedmarc's output, and the true ones that they stand for. Finds; decides nothing else.

parsedmarc shortens reporter and id, and fills in what was missing, so identity and rows of the two seldom agree. They
are known as one report by period, domain, address and shortened id, where after the same filling in every row of the
rebuilt report is found in the true one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from reports.ingest.filed import FiledAggregate
from reports.models import AggregateReport, AggregateRow
from reports.vocabulary import RepairCode

MOST_COMPARED = 20
"""True reports that are compared with one: anybody can send any number under one id."""
Identity = tuple[date, bytes]
Row = tuple[Any, ...]


def is_secondhand(filed: FiledAggregate) -> bool:
    return any(repair.code == RepairCode.FROM_PARSEDMARC for repair in filed.content.repairs)


def doubtful(filed: Sequence[FiledAggregate], *, organisation_id: int) -> set[Identity]:
    """The identities of rebuilt reports that one of these, newly stored, may be or may replace. Two queries."""
    rebuilt = AggregateReport.objects.filter(organisation_id=organisation_id, is_secondhand=True)
    if not rebuilt.exists():  # as with most organisations; these too are stored by now
        return set()
    found = {(each.day, each.key[0]) for each in filed if is_secondhand(each)}
    true = {_loosely_filed(each) for each in filed if not is_secondhand(each)}
    rebuilt = rebuilt.filter(begin__in={begin for begin, *_ in true})
    of_others = rebuilt.only("day", "identity", "begin", "end", "domain_id", "report_id") if true else ()
    return found | {(each.day, bytes(each.identity)) for each in of_others if _loosely(each) in true}


def heirs(reports: Iterable[AggregateReport]) -> Mapping[int, int]:
    """Of the rebuilt reports among these: the true report that each gives way to, by primary keys."""
    found = {}
    for report in reports:
        if report.is_secondhand and (heir := _heir(report)):
            found[report.pk] = heir
    return found


def _heir(rebuilt: AggregateReport) -> int | None:
    same = AggregateReport.objects.filter(
        organisation_id=rebuilt.organisation_id, domain_id=rebuilt.domain_id, day=rebuilt.day, begin=rebuilt.begin,
        end=rebuilt.end, is_secondhand=False,
    )  # fmt: skip
    alike = [
        each for each in same.order_by("pk") if _loosely(each) == _loosely(rebuilt) and _same_address(each, rebuilt)
    ]
    rows = _rows(rebuilt) if alike else Counter()
    return next((each.pk for each in alike[:MOST_COMPARED] if rows <= _rows(each)), None)


def _same_address(true: AggregateReport, rebuilt: AggregateReport) -> bool:
    return not rebuilt.email or true.email.lower() == rebuilt.email.lower()


def _rows(report: AggregateReport) -> Counter[Row]:
    """How many messages each row speaks of, as parsedmarc would have written it; equal rows are one."""
    found: Counter[Row] = Counter()
    rows = AggregateRow.objects.filter(
        organisation_id=report.organisation_id, domain_id=report.domain_id, day=report.day, report_id=report.pk
    ).only(
        "source_ip", "count", "disposition", "dkim", "spf", "header_from", "envelope_from", "envelope_to", "reasons",
        "dkim_results", "spf_results",
    )  # fmt: skip
    for row in rows.iterator():
        found[_filled_in(row)] += row.count
    return found


def _filled_in(row: AggregateRow) -> Row:
    """What parsedmarc makes of a row: defaults for what is missing, results without a domain left out."""
    dkim, spf = row.dkim_results, row.spf_results
    envelope_from = row.envelope_from or (str(spf[-1]["domain"]).lower() if spf else "")
    return (
        row.source_ip, row.disposition or "none", row.dkim or "fail", row.spf or "fail", row.header_from, envelope_from,
        row.envelope_to or "",
        tuple((each["type"], each["comment"]) for each in row.reasons),
        tuple(
            (each["domain"], each["selector"] or "none", each["result"] or "none", each["human_result"])
            for each in dkim if each["domain"]
        ),
        tuple(
            (each["domain"], each["scope"] or "mfrom", each["result"] or "none", each["human_result"])
            for each in spf if each["domain"]
        ),
    )  # fmt: skip


Loose = tuple[datetime, datetime, int, str]


def _loosely(report: AggregateReport) -> Loose:
    return report.begin, report.end, report.domain_id, _shortened(report.report_id)


def _loosely_filed(filed: FiledAggregate) -> Loose:
    head = filed.content.head
    begin, end = datetime.fromtimestamp(head.begin, UTC), datetime.fromtimestamp(head.end, UTC)
    return begin, end, filed.domain_id, _shortened(head.report_id)


def _shortened(report_id: str) -> str:
    return report_id.replace("<", "").replace(">", "").partition("@")[0].strip()
