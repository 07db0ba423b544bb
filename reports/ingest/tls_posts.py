"""Takes in a TLS report that was POSTed to an endpoint (RFC 8460 section 5.4), through the ledger like any other."""

from __future__ import annotations

from datetime import datetime

from reports.dto import TlsReport
from reports.ingest.extraction import Limits, extract
from reports.ingest.outcome import Result
from reports.ingest.pipeline import ingest_bytes
from reports.ingest.read import read
from reports.ingest.reading.jsontext import SIZE_MAX
from reports.models import TlsEndpoint
from reports.vocabulary import Channel, DomainKind, Kind

UNPACKED = Limits(bytes_out=SIZE_MAX, depth=1)
"""Who posts is a stranger, and it is unpacked while a web server waits."""


class NoTlsReport(Exception):
    """The body holds something else, or more than one report, or one that cannot be read."""


class OtherDomain(Exception):
    """The report is about a domain that the endpoint is not for."""


def take_post(data: bytes, *, endpoint: TlsEndpoint, at: datetime) -> Result:
    """Store the report; raises NoTlsReport and OtherDomain, after which nothing is kept.

    The address stands in public DNS, so whoever posts is a stranger: what comes here can be about the endpoint's domain
    alone. A policy is of that domain, of one below it, or for tlsa of an MX host, which may be anybody's. The file name
    that is made up here says the domain to every later reading, as the TLS-Report-Domain of a mail does.
    """
    domain = endpoint.domain
    content = _only_report(data)
    for policy in content.policies:
        name = policy.policy_domain
        if policy.policy_type != "tlsa" and name and name != domain.name and not name.endswith(f".{domain.name}"):
            raise OtherDomain
    if domain.kind != DomainKind.OWN or domain.confirmed_at is None:
        raise OtherDomain  # it is no longer ours, so that a policy could be filed elsewhere
    filename = f"https!{domain.name}!{content.begin:010}!{content.end:010}.json"
    return ingest_bytes(data, organisation=endpoint.organisation, channel=Channel.HTTPS, filename=filename, at=at)


def _only_report(data: bytes) -> TlsReport:
    """Nothing else is even read: to read the largest aggregate report takes a web server many seconds."""
    if [payload.kind for payload in extract(data, limits=UNPACKED).payloads] != [Kind.TLS]:
        raise NoTlsReport
    reports = read(data, limits=UNPACKED).reports
    content = reports[0].content if len(reports) == 1 else None
    if not isinstance(content, TlsReport):
        raise NoTlsReport
    return content
