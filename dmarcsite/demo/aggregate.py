"""One aggregate report of the demo as XML, in the shape of RFC 7489 or RFC 9990; what stands in it is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from dmarcsite.demo.cast import Published, Reporter
from dmarcsite.demo.stories import Signature

NAMESPACE = "urn:ietf:params:xml:ns:dmarc-2.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record: `dkim` and `spf` tell whether that mechanism passed aligned; `reason` is (type, comment)."""

    source: str
    count: int
    disposition: str
    dkim: bool
    spf: bool
    reason: tuple[str, str] | None
    header_from: str
    envelope_from: str
    envelope_to: str | None
    spf_result: str
    signatures: tuple[Signature, ...]


def aggregate_xml(
    rows: Iterable[Row],
    *,
    reporter: Reporter,
    report_id: str,
    domain: str,
    policy: Published,
    begin: int,
    end: int,
) -> bytes:
    """The report document in UTF-8; `begin` and `end` are epoch seconds."""
    modern = reporter.shape == "9990"
    feedback = Element("feedback", {"xmlns": NAMESPACE} if modern else {})
    _texts(feedback, version="1.0")
    metadata = SubElement(feedback, "report_metadata")
    _texts(metadata, org_name=reporter.org_name, email=reporter.email, report_id=report_id)
    _texts(SubElement(metadata, "date_range"), begin=str(begin), end=str(end))
    if modern:
        _texts(metadata, generator=f"{reporter.org_name} reporting 3.1")
    published = SubElement(feedback, "policy_published")
    _texts(published, domain=domain)
    if modern:
        _texts(published, p=policy.p, sp=policy.sp, np=policy.sp, adkim="r", aspf="r")
        _texts(published, discovery_method="treewalk", fo="1", testing="n")
    else:
        _texts(published, adkim="r", aspf="r", p=policy.p, sp=policy.sp, pct="100", fo="1")
    for row in rows:
        _record(SubElement(feedback, "record"), row)
    indent(feedback)
    document: bytes = tostring(feedback, encoding="utf-8", xml_declaration=True)
    return document


def _record(record: Element, row: Row) -> None:
    counted = SubElement(record, "row")
    _texts(counted, source_ip=row.source, count=str(row.count))
    evaluated = SubElement(counted, "policy_evaluated")
    _texts(evaluated, disposition=row.disposition, dkim=_verdict(row.dkim), spf=_verdict(row.spf))
    if row.reason:
        kind, comment = row.reason
        _texts(SubElement(evaluated, "reason"), type=kind, comment=comment)
    identifiers = SubElement(record, "identifiers")
    if row.envelope_to:
        _texts(identifiers, envelope_to=row.envelope_to)
    _texts(identifiers, envelope_from=row.envelope_from, header_from=row.header_from)
    results = SubElement(record, "auth_results")
    for sign in row.signatures:
        _texts(SubElement(results, "dkim"), domain=sign.domain, selector=sign.selector, result=sign.result)
    _texts(SubElement(results, "spf"), domain=row.envelope_from, scope="mfrom", result=row.spf_result)


def _verdict(aligned: bool) -> str:  # noqa: FBT001 (a predicate's word)
    return "pass" if aligned else "fail"


def _texts(parent: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = text
