"""Puts a report document into the mail that a reporter would send: file name, archive, subject, headers (RFC 9990 3.5)."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from dmarcsite.demo.cast import REPORTS_ADDRESS, Reporter, address_for


@dataclass(frozen=True, slots=True)
class DemoMail:
    """One message as its sender sends it: RFC 5322 bytes, a unique name, and when (epoch seconds); by whom, and where to."""

    name: str
    content: bytes
    sent_at: int
    reporter: Reporter
    address: str = REPORTS_ADDRESS


def aggregate_mail(
    xml: bytes,
    *,
    reporter: Reporter,
    report_id: str,
    domain: str,
    begin: int,
    end: int,
    sent_at: int,
    packing: str = "",
) -> DemoMail:
    """The mail with the document packed as the reporter does it, or as `packing` ("gzip", "zip") says."""
    stem = f"{reporter.host}!{domain}!{begin}!{end}"
    mail = _head(
        reporter,
        subject=f"Report Domain: {domain} Submitter: {reporter.host} Report-ID: <{report_id}>",
        sent_at=sent_at,
        key=report_id,
        address=address_for(domain),
    )
    mail.set_content(f"Aggregate DMARC report of {reporter.org_name} for {domain}.\n")
    if (packing or reporter.packing) == "zip":
        archive, subtype, name = _zipped(xml, name=f"{stem}.xml", at=end), "zip", f"{stem}.zip"
    else:
        archive, subtype, name = gzip.compress(xml, mtime=0), "gzip", f"{stem}.xml.gz"
    mail.add_attachment(archive, maintype="application", subtype=subtype, filename=name)
    return _sealed(mail, name=f"{sent_at}-{reporter.key}-{domain}", sent_at=sent_at, reporter=reporter)


def tls_mail(
    data: bytes, *, reporter: Reporter, report_id: str, domain: str, begin: int, end: int, sent_at: int
) -> DemoMail:
    """The mail of a TLS report that is compressed already (RFC 8460 section 5.3)."""
    subject = f"Report Domain: {domain} Submitter: {reporter.host} Report-ID: <{report_id}@{reporter.host}>"
    mail = _head(reporter, subject=subject, sent_at=sent_at, key=report_id, address=address_for(domain))
    mail["TLS-Report-Domain"] = domain
    mail["TLS-Report-Submitter"] = reporter.host
    mail.set_content(f"SMTP TLS report of {reporter.org_name} for {domain}.\n")
    name = f"{reporter.host}!{domain}!{begin}!{end}.json.gz"
    mail.add_attachment(data, maintype="application", subtype="tlsrpt+gzip", filename=name)
    return _sealed(mail, name=f"{sent_at}-{reporter.key}-tls-{domain}", sent_at=sent_at, reporter=reporter)


def placeholder_mail(*, reporter: Reporter, domain: str, sent_at: int) -> DemoMail:
    """A mail as one large provider once sent for weeks: the archive holds the word "unused" and no report."""
    mail = _head(reporter, subject=f"Report Domain: {domain} Submitter: {reporter.host}", sent_at=sent_at, key="unused")
    mail.set_content(f"Aggregate DMARC report of {reporter.org_name} for {domain}.\n")
    mail.add_attachment(b"unused", maintype="application", subtype="gzip", filename=f"{reporter.host}!{domain}.xml.gz")
    return _sealed(mail, name=f"{sent_at}-{reporter.key}-placeholder", sent_at=sent_at, reporter=reporter)


def stray_mail(*, reporter: Reporter, sent_at: int) -> DemoMail:
    """An announcement in the report mailbox: no report at all."""
    mail = _head(reporter, subject="Maintenance of our report service on Saturday", sent_at=sent_at, key="stray")
    mail.set_content("Reports may arrive some hours later than usual on Saturday.\n")
    return _sealed(mail, name=f"{sent_at}-{reporter.key}-stray", sent_at=sent_at, reporter=reporter)


def _head(reporter: Reporter, *, subject: str, sent_at: int, key: str, address: str = REPORTS_ADDRESS) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"{reporter.org_name} <{reporter.email}>"
    mail["To"] = address
    mail["Subject"] = subject
    mail["Date"] = format_datetime(datetime.fromtimestamp(sent_at, UTC))
    mail["Message-ID"] = f"<{sha256(f'{key}|{sent_at}'.encode()).hexdigest()[:24]}@{reporter.host}>"
    return mail


def _sealed(mail: EmailMessage, *, name: str, sent_at: int, reporter: Reporter) -> DemoMail:
    if mail.is_multipart():
        mail.set_boundary(f"=_{sha256(name.encode()).hexdigest()[:24]}")  # the library's own boundary is random
    address = str(mail["To"])
    return DemoMail(name=name, content=mail.as_bytes(), sent_at=sent_at, reporter=reporter, address=address)


def _zipped(xml: bytes, *, name: str, at: int) -> bytes:
    member = ZipInfo(name, date_time=datetime.fromtimestamp(at, UTC).timetuple()[:6])
    member.compress_type = ZIP_DEFLATED
    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        archive.writestr(member, xml)
    return buffer.getvalue()
