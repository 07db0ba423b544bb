"""Failure reports that came both by their mail and from parsedmarc's output: one report. Finds; writes nothing.

Nothing else than who sent the mail is missing in parsedmarc's output, so the two agree in arrival, source, From domain and
the whole sample. A mail with another sample replaces nothing: nobody can push an imported report aside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Q

from reports.ingest.filed import FiledFailure
from reports.models import FailureReport, Organisation
from reports.sealing import Purpose, SealBroken, unseal
from reports.vocabulary import RepairCode

MOST_COMPARED = 500
"""Stored reports that are compared at once: anybody can send any number with one arrival."""
Likeness = tuple[int, datetime, str | None, str]


def is_secondhand(filed: FiledFailure) -> bool:
    return any(repair.code == RepairCode.FROM_PARSEDMARC for repair in filed.content.repairs)


def partners(
    filed: Sequence[FiledFailure], *, organisation: Organisation, secondhand: bool
) -> Mapping[bytes, FailureReport]:
    """By identity: the stored report that each of these is too, among those that are, or are not, `secondhand`. One query."""
    wanted = {_likeness(each) for each in filed if each.content.arrived is not None and each.content.sample}
    if not wanted:
        return {}
    told_by_parsedmarc = Q(repairs__contains=[{"code": RepairCode.FROM_PARSEDMARC.value}])
    stored = FailureReport.objects.filter(
        told_by_parsedmarc if secondhand else ~told_by_parsedmarc,
        organisation=organisation,
        arrived_at__in={arrived_at for _, arrived_at, _, _ in wanted},
        domain_id__in={domain_id for domain_id, *_ in wanted},
    )
    alike = [each for each in stored.order_by("pk")[:MOST_COMPARED] if _of(each) in wanted]
    samples = {each.pk: _sample(each) for each in alike}
    return {
        each.identity: partner
        for each in filed
        for partner in alike
        if _of(partner) == _likeness(each) and samples[partner.pk] == each.content.sample
    }


def _likeness(filed: FiledFailure) -> Likeness:
    source = filed.content.source_ip
    return filed.domain_id, filed.arrived_at, str(source) if source else None, filed.content.header_from


def _of(stored: FailureReport) -> Likeness:
    return stored.domain_id, stored.arrived_at, stored.source_ip, stored.header_from


def _sample(stored: FailureReport) -> bytes | None:
    try:
        return unseal(stored.sample, purpose=Purpose.FAILURE_SAMPLE)
    except SealBroken:
        return None
