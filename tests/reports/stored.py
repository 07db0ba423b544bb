"""Puts reports into the database the way they come in, and reads back what is there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from reports.ingest.outcome import Result
from reports.ingest.pipeline import ingest_bytes
from reports.models import Domain, Organisation
from reports.vocabulary import Channel, DomainKind
from tests.reports.samples import BEGIN, END, aggregate_xml, record_xml

NOW = datetime(2023, 11, 16, 8, 0, tzinfo=UTC)
DAY = datetime(2023, 11, 15, tzinfo=UTC).date()
"""The day of the middle of the samples' period."""


def make_organisation(slug: str = "org", **fields: Any) -> Organisation:
    organisation = Organisation.objects.create(name=slug.title(), slug=slug, **fields)
    Domain.objects.create(organisation=organisation, name="*", kind=DomainKind.FOREIGN)
    return organisation


def upload(data: bytes, *, organisation: Organisation, filename: str = "report.xml", at: datetime = NOW) -> Result:
    return ingest_bytes(data, organisation=organisation, channel=Channel.UPLOAD, filename=filename, at=at)


def report(
    *records: str,
    report_id: str = "r-1",
    org_name: str = "Receiver Example",
    domain: str = "example.com",
    begin: int = BEGIN,
    end: int = END,
) -> bytes:
    metadata = (
        f"<report_metadata><org_name>{org_name}</org_name><email>noreply@receiver.example</email>"
        f"<report_id>{report_id}</report_id><date_range><begin>{begin}</begin><end>{end}</end></date_range></report_metadata>"
    )
    policy = f"<policy_published><domain>{domain}</domain><p>reject</p></policy_published>"
    return aggregate_xml(*records, metadata=metadata, policy=policy).encode()


def record(
    source: str = "192.0.2.1",
    count: int = 2,
    *,
    dkim: str = "fail",
    spf: str = "fail",
    disposition: str = "reject",
    header_from: str = "example.com",
    envelope_to: str = "",
    spf_domain: str = "example.com",
    spf_result: str = "fail",
    signature: tuple[str, str] | None = None,
) -> str:
    signed = ""
    if signature:
        signed = f"<dkim><domain>{signature[0]}</domain><selector>s1</selector><result>{signature[1]}</result></dkim>"
    to = f"<envelope_to>{envelope_to}</envelope_to>" if envelope_to else ""
    return record_xml(
        source_ip=f"<source_ip>{source}</source_ip>",
        count=f"<count>{count}</count>",
        evaluated=f"<disposition>{disposition}</disposition><dkim>{dkim}</dkim><spf>{spf}</spf>",
        identifiers=f"{to}<header_from>{header_from}</header_from>",
        results=signed + f"<spf><domain>{spf_domain}</domain><result>{spf_result}</result></spf>",
    )


def rows_of(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What PostgreSQL answers, bytes as bytes."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in cursor.fetchall()]
