"""What a failure report says beyond its plain columns: the sealed identifiers and the sample's header. Never its body."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from typing import Any

from django.db.models import Sum

from reports.models import FailureReport, SourceDay
from reports.sealing import Purpose, SealBroken, unseal
from reports.viewer import Viewer

FIELD_LIMIT = 200
FIELD_LENGTH = 4000
SAMPLE_BYTES = 1 << 18
AROUND = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class SourceOpinion:
    """What aggregate reports say of the sending address: its source and the verdict of most of its messages."""

    source_id: int
    verdict: str


def identifiers(report: FailureReport) -> Mapping[str, Any] | None:
    """The sealed details, named as in `reports.dto.FailureReport`; None where the key is gone. They name people."""
    try:
        found: dict[str, Any] = json.loads(unseal(report.details, purpose=Purpose.FAILURE_DETAILS))
    except SealBroken:
        return None
    return found


def sample_header(report: FailureReport) -> list[tuple[str, str]]:
    """The header fields of the offending message as plain text, in their order; bounded, and never the body."""
    try:
        sample = unseal(report.sample, purpose=Purpose.FAILURE_SAMPLE)[:SAMPLE_BYTES]
    except SealBroken:
        return []
    message = BytesHeaderParser().parsebytes(sample)
    return [
        (name, _decoded(str(value)).replace("\0", "\ufffd")[:FIELD_LENGTH])
        for name, value in message.items()[:FIELD_LIMIT]
    ]


def source_opinions(reports: Iterable[FailureReport], *, viewer: Viewer) -> dict[int, SourceOpinion]:
    """By report id, for those whose address aggregate reports name for their domain around that day. One query."""
    named = {report.pk: report for report in reports if report.source_ip}
    if not named:
        return {}
    days = [report.day for report in named.values()]
    rows = SourceDay.objects.filter(
        organisation_id=viewer.organisation_id,
        day__range=(min(days) - AROUND, max(days) + AROUND),
        domain_id__in={report.domain_id for report in named.values()},
        source__address__in={report.source_ip for report in named.values()},
    )
    sums = rows.values_list("source__address", "domain_id", "source_id", "verdict").annotate(total=Sum("messages"))
    opinions = {
        (address, domain_id): SourceOpinion(source_id, verdict)
        for address, domain_id, source_id, verdict, _total in sums.order_by("total")
    }
    found = {pk: opinions.get((report.source_ip, report.domain_id)) for pk, report in named.items()}
    return {pk: opinion for pk, opinion in found.items() if opinion}


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value
