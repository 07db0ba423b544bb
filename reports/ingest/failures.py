"""Writes failure reports; whatever names a person is sealed before it leaves this module."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import F, Q

from reports.dto import FailureReport as Content
from reports.dto import Repair
from reports.ingest.filed import Before, FiledFailure, Place
from reports.ingest.outcome import Kept
from reports.ingest.secondhand_failures import is_secondhand, partners
from reports.models import FailureReport, Organisation, Sighting
from reports.sealing import Purpose, seal
from reports.vocabulary import Kind

BATCH = 200
NAME_LENGTH = 320
WORD_LENGTH = 40
DETAILS = (
    "subject", "original_mail_from", "original_rcpt_to", "original_envelope_id", "sample_message_id",
    "authentication_results", "dkim_selector", "spf_dns", "user_agent", "other_fields",
)  # fmt: skip
"""The keys of the sealed `details`, named as in `reports.dto.FailureReport`."""


def store_failures(
    filed: Sequence[FiledFailure],
    *,
    organisation: Organisation,
    at: datetime,
    before: Mapping[Place, Before] = MappingProxyType({}),
) -> list[Kept]:
    """Store what is new, count the sighting of what is not; the answers are in the order of `filed`.

    `before` are the rows of payloads that were read before.
    """
    if not filed:
        return []
    known = _stored(filed, organisation=organisation)
    fresh: dict[bytes, FiledFailure] = {}
    for each in filed:
        if each.identity not in known:
            fresh.setdefault(each.identity, each)
    claims = {
        each.identity: before[Kind.FAILURE, each.message_id, each.payload_index]
        for each in reversed(filed)
        if (Kind.FAILURE, each.message_id, each.payload_index) in before
    }
    true = {key: each for key, each in fresh.items() if not is_secondhand(each)}
    rebuilt = {key: each for key, each in fresh.items() if key not in true}
    replaced = partners([*true.values()], organisation=organisation, secondhand=True)
    for key, old in replaced.items():
        _replace(old, _report(true[key], Before(old.pk, old.stored_at), organisation=organisation, at=at))
    _create(true.keys() - replaced.keys(), fresh, claims, organisation=organisation, at=at)
    told = partners([*rebuilt.values()], organisation=organisation, secondhand=False)
    _create(rebuilt.keys() - told.keys(), fresh, claims, organisation=organisation, at=at)
    fresh = {key: each for key, each in fresh.items() if key not in told}
    pks = {**_stored(filed, organisation=organisation), **{key: partner.pk for key, partner in told.items()}}
    kept = [Kept(fresh.get(each.identity) is each, pks[each.identity]) for each in filed]
    again = [(pks[each.identity], each) for each, one in zip(filed, kept, strict=True) if not one.is_new]
    Sighting.objects.bulk_create(
        Sighting(organisation=organisation, message_id=each.message_id, payload_index=each.payload_index, failure_id=pk)
        for pk, each in again
    )
    for pk, times in Counter(pk for pk, _ in again).items():
        FailureReport.objects.filter(pk=pk).update(sightings=F("sightings") + times)
    return kept


def _create(
    keys: Collection[bytes],
    fresh: Mapping[bytes, FiledFailure],
    claims: Mapping[bytes, Before],
    *,
    organisation: Organisation,
    at: datetime,
) -> None:
    FailureReport.objects.bulk_create(
        [
            _report(each, claims.get(key), organisation=organisation, at=at)
            for key, each in fresh.items()
            if key in keys
        ],
        batch_size=BATCH,
    )


def _replace(old: FailureReport, new: FailureReport) -> None:
    """Put the true report in the place of the imported one, whose message has brought it once more."""
    new.sightings = old.sightings + 1
    new.save(force_update=True)
    Sighting.objects.create(
        organisation_id=old.organisation_id,
        message_id=old.message_id,
        payload_index=old.payload_index,
        failure_id=old.pk,
    )


def _stored(filed: Sequence[FiledFailure], *, organisation: Organisation) -> Mapping[bytes, int]:
    """What is stored already; one that does not say when the message arrived may be filed under any day."""
    of_a_day = Q(day__in={each.day for each in filed}, identity__in={each.identity for each in filed})
    timeless = {each.identity for each in filed if each.content.arrived is None}
    found = FailureReport.objects.filter(of_a_day | Q(identity__in=timeless), organisation=organisation)
    pks = found.order_by("-day").values_list("identity", "pk")
    return {bytes(identity): pk for identity, pk in pks}


def _report(filed: FiledFailure, before: Before | None, *, organisation: Organisation, at: datetime) -> FailureReport:
    content = filed.content
    return FailureReport(
        pk=before.pk if before else None,
        organisation=organisation,
        domain_id=filed.domain_id,
        message_id=filed.message_id,
        payload_index=filed.payload_index,
        identity=filed.identity,
        day=filed.day,
        arrived_at=filed.arrived_at,
        reporter=_plain(content.reporter, NAME_LENGTH),
        source_ip=str(content.source_ip) if content.source_ip else None,
        header_from=_plain(content.header_from, NAME_LENGTH),
        envelope_domain=_plain(content.original_mail_from.rpartition("@")[2].lower(), NAME_LENGTH),
        auth_failure=[_plain(word, WORD_LENGTH) for word in content.auth_failure],
        identity_alignment=[_plain(word, WORD_LENGTH) for word in content.identity_alignment],
        delivery_result=_plain(content.delivery_result, WORD_LENGTH),
        dkim_domain=_plain(content.dkim_domain, NAME_LENGTH),
        incidents=content.incidents,
        headers_only=content.headers_only,
        details=seal(_details(content), purpose=Purpose.FAILURE_DETAILS),
        sample=seal(content.sample, purpose=Purpose.FAILURE_SAMPLE),
        repairs=[_repair(repair) for repair in content.repairs],
        stored_at=before.stored_at if before else at,
    )


def _details(content: Content) -> bytes:
    return json.dumps({name: getattr(content, name) for name in DETAILS}).encode()


def _repair(repair: Repair) -> dict[str, Any]:
    fields = asdict(repair)
    return fields | {"place": _plain(repair.place, NAME_LENGTH), "sent": _plain(repair.sent, NAME_LENGTH)}


def _plain(text: str, length: int) -> str:
    """The text as PostgreSQL can hold it: mail headers may carry NUL and bytes of no character set."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:length]
