"""Writes TLS reports: which are new, which were seen before, which contradict another. The caller holds the buckets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType

from django.db.models import F, Q

from reports.dto import TlsReport as Content
from reports.ingest.filed import Before, Key, Place
from reports.ingest.outcome import Kept
from reports.models import Domain, Organisation, Sighting, TlsFailure, TlsPolicy, TlsReport
from reports.vocabulary import DomainKind, Kind

BATCH = 1000


@dataclass(frozen=True, slots=True)
class FiledTls:
    """One report with the places where it and each of its policies belong."""

    message_id: int
    payload_index: int
    domain_id: int
    day: date
    key: Key
    content: Content
    policy_domain_ids: tuple[int, ...]


def confirmed_names(organisation: Organisation) -> frozenset[str]:
    """The own domains that a person has confirmed; only these decide, so that no order of reports does."""
    own = Domain.objects.filter(organisation=organisation, kind=DomainKind.OWN, confirmed_at__isnull=False)
    return frozenset(own.values_list("name", flat=True))


def policy_names(content: Content, *, confirmed: frozenset[str]) -> tuple[str, ...]:
    """The domain under which each policy is filed.

    For tlsa the policy domain is the MX host, often somebody else's (RFC 8460 section 4.4), and the mail says whom the
    report is about; otherwise the policy domain is the recipients'. A confirmed own domain among both comes first.
    """
    names = []
    for policy in content.policies:
        both = [policy.policy_domain, content.report_domain]
        if policy.policy_type == "tlsa":
            both.reverse()
        found = [name for name in both if name]
        names.append(next((name for name in found if name in confirmed), found[0] if found else ""))
    return tuple(names)


def store_tls(
    filed: Sequence[FiledTls],
    *,
    organisation: Organisation,
    at: datetime,
    before: Mapping[Place, Before] = MappingProxyType({}),
) -> list[Kept]:
    """Store what is new, count the sighting of what is not; the answers are in the order of `filed`.

    Same identity with other content: all stay and are marked. `before` are the rows of payloads that were read before.
    """
    if not filed:
        return []
    pks = _known(filed, organisation=organisation)
    fresh: dict[Key, FiledTls] = {}
    for each in filed:
        if each.key not in pks:
            fresh.setdefault(each.key, each)
    claims = {
        each.key: before[Kind.TLS, each.message_id, each.payload_index]
        for each in reversed(filed)
        if (Kind.TLS, each.message_id, each.payload_index) in before
    }
    reports = [_report(each, claims.get(key), organisation=organisation, at=at) for key, each in fresh.items()]
    for claimed in (True, False):  # rows with and without a number do not go into one statement in their order
        TlsReport.objects.bulk_create([each for each in reports if bool(each.pk) is claimed], batch_size=BATCH)
    _store_policies(zip(reports, fresh.values(), strict=True))
    pks |= zip(fresh, [report.pk for report in reports], strict=True)
    kept = [Kept(fresh.get(each.key) is each, pks[each.key]) for each in filed]
    _count_sightings(filed, kept, organisation=organisation)
    settle({(each.day, each.key[0]) for each in fresh.values()}, organisation_id=organisation.pk)
    return kept


def settle(identities: Iterable[tuple[date, bytes]], *, organisation_id: int) -> None:
    """Mark the reports of these identities as conflicting where there are several, and as not where there is one."""
    wanted = set(identities)
    of_them = Q(day__in={day for day, _ in wanted}, identity__in={identity for _, identity in wanted})
    found = TlsReport.objects.filter(of_them, organisation_id=organisation_id)
    rows = [(pk, (day, bytes(identity)), is_marked) for pk, day, identity, is_marked in found.values_list(
        "pk", "day", "identity", "is_conflicting")]  # fmt: skip
    contents = Counter(identity for _, identity, _ in rows)
    for wrong in (True, False):
        changed = [pk for pk, name, is_marked in rows if is_marked is wrong and (contents[name] > 1) is not wrong]
        if changed:
            TlsReport.objects.filter(pk__in=changed).update(is_conflicting=not wrong)


def _known(filed: Sequence[FiledTls], *, organisation: Organisation) -> dict[Key, int]:
    found = TlsReport.objects.filter(
        organisation=organisation,
        day__in={each.day for each in filed},
        identity__in={each.key[0] for each in filed},
    )
    rows = found.values_list("identity", "policies_hash", "pk")
    return {(bytes(identity), bytes(policies_hash)): pk for identity, policies_hash, pk in rows}


def _report(filed: FiledTls, before: Before | None, *, organisation: Organisation, at: datetime) -> TlsReport:
    content = filed.content
    return TlsReport(
        pk=before.pk if before else None,
        organisation=organisation,
        domain_id=filed.domain_id,
        message_id=filed.message_id,
        payload_index=filed.payload_index,
        identity=filed.key[0],
        policies_hash=filed.key[1],
        org_name=content.org_name,
        contact_info=content.contact_info,
        report_id=content.report_id,
        begin=datetime.fromtimestamp(content.begin, UTC),
        end=datetime.fromtimestamp(content.end, UTC),
        day=filed.day,
        total_successful_session_count=sum(each.total_successful_session_count for each in content.policies),
        total_failure_session_count=sum(each.total_failure_session_count for each in content.policies),
        rejected=[asdict(each) for each in content.rejected],
        repairs=[asdict(each) for each in content.repairs],
        stored_at=before.stored_at if before else at,
    )


def _store_policies(new: Iterable[tuple[TlsReport, FiledTls]]) -> None:
    policies: list[TlsPolicy] = []
    failures: list[TlsFailure] = []
    for report, filed in new:
        for content, domain_id in zip(filed.content.policies, filed.policy_domain_ids, strict=True):
            policy = TlsPolicy(
                organisation_id=report.organisation_id,
                report=report,
                domain_id=domain_id,
                day=report.day,
                position=content.position,
                policy_type=content.policy_type,
                policy_domain=content.policy_domain,
                policy_string=list(content.policy_string),
                mx_host=list(content.mx_host),
                total_successful_session_count=content.total_successful_session_count,
                total_failure_session_count=content.total_failure_session_count,
            )
            policies.append(policy)
            for each in content.failures:
                failure = TlsFailure(policy=policy, **each._asdict())
                failure.sending_mta_ip = str(each.sending_mta_ip) if each.sending_mta_ip else None
                failure.receiving_ip = str(each.receiving_ip) if each.receiving_ip else None
                failures.append(failure)
    TlsPolicy.objects.bulk_create(policies, batch_size=BATCH)
    for failure in failures:
        failure.policy_id = failure.policy.pk
    TlsFailure.objects.bulk_create(failures, batch_size=BATCH)


def _count_sightings(filed: Sequence[FiledTls], kept: Sequence[Kept], *, organisation: Organisation) -> None:
    again = [(one.pk, each) for each, one in zip(filed, kept, strict=True) if not one.is_new and one.pk is not None]
    Sighting.objects.bulk_create(
        Sighting(organisation=organisation, message_id=each.message_id, payload_index=each.payload_index, tls_id=pk)
        for pk, each in again
    )
    for pk, times in Counter(pk for pk, _ in again).items():
        TlsReport.objects.filter(pk=pk).update(sightings=F("sightings") + times)
