"""The demo's failure reports (AFRF; RFC 5965, 6591, 9991): which messages are reported, and the mails that report them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from dmarcsite.demo.cast import GATEWAY, POSTBOX, Reporter, address_for
from dmarcsite.demo.envelopes import DemoMail
from dmarcsite.demo.stories import BROAD_RULE, MAILING_LIST, NEW_SERVICE, SPOOF_WAVE, VENDOR, Flow


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Failing messages of one flow that a reporter sends samples of: one on each of `days` (in days ago).

    `writer` is the invented local part of the From address; a sample is the whole message, or its head alone.
    """

    flow: Flow
    reporter: Reporter
    days: tuple[int, ...]
    writer: str
    recipient: str
    subject: str
    body: str
    delivery: str
    incidents: int = 1
    headers_only: bool = False


SERIES = (
    Series(flow=SPOOF_WAVE.flows[0], reporter=GATEWAY, days=(16, 15, 15, 14, 14, 14, 13, 13, 13, 12, 12, 11),
           writer="accounts", recipient="office@example.com", subject="Overdue invoice", incidents=25,
           body="Your account is overdue. Please pay today: http://pay.mass.example/now", delivery="reject"),
    Series(flow=SPOOF_WAVE.flows[0], reporter=POSTBOX, days=(15, 14, 14, 13, 12), writer="accounts",
           recipient="customer@postbox.example", subject="Overdue invoice", incidents=40,
           body="Your account is overdue. Please pay today: http://pay.mass.example/now", delivery="reject"),
    Series(flow=SPOOF_WAVE.flows[3], reporter=GATEWAY, days=(3, 2, 1, 0), writer="orders",
           recipient="purchasing@example.com", subject="Changed delivery address",
           body="Please send the next delivery to the address in the attached order.", delivery="reject"),
    Series(flow=BROAD_RULE.flows[1], reporter=GATEWAY, days=(7, 6, 5, 4, 3, 2, 1, 0), writer="billing",
           recipient="purchasing@example.com", subject="New bank details", delivery="delivered",
           body="From this month on, please pay all invoices to our new account."),
    Series(flow=VENDOR.flows[1], reporter=GATEWAY, days=(27, 24, 20, 13, 6), writer="payroll",
           recipient="staff@example.com", subject="Your pay slip is ready",
           body="Your pay slip for this month is ready in HRSuite.", delivery="reject"),
    Series(flow=MAILING_LIST.flows[0], reporter=POSTBOX, days=(40, 26, 9), writer="engineering",
           recipient="member@postbox.example", subject="[community] Notes on the release", headers_only=True,
           body="", delivery="reject"),
    Series(flow=NEW_SERVICE.flows[0], reporter=GATEWAY, days=(6, 4, 1), writer="support",
           recipient="shop@example.net", subject="Your ticket has been answered",
           body="Somebody has answered your ticket. You can read it in TicketDesk.", delivery="spam"),
)  # fmt: skip


def failure_mails(*, midnight: int) -> Iterator[DemoMail]:
    """The mails that report each failing message within minutes; `midnight` is the start of the last day, in epoch seconds."""
    for number, series in enumerate(SERIES):
        for turn, days_ago in enumerate(series.days):
            arrived = midnight - days_ago * 86400 + 8 * 3600 + number * 1260 + turn * 2340
            yield _mail(series, source=series.flow.sources[turn % len(series.flow.sources)], turn=turn, arrived=arrived)


def _mail(series: Series, *, source: str, turn: int, arrived: int) -> DemoMail:
    reporter, sent_at, address = series.reporter, arrived + 90, address_for(series.flow.header_from)
    name = f"{sent_at}-{reporter.key}-failure-{series.writer}-{turn}"
    mark = sha256(name.encode()).hexdigest()[:24]
    mail = MIMEMultipart("report", f"=_{mark}", policy=SMTP)
    mail.set_param("report-type", "feedback-report")
    mail["From"] = f"{reporter.org_name} <{reporter.email}>"
    mail["To"] = address
    mail["Subject"] = f"FW: {series.subject}"
    mail["Date"] = _date(sent_at)
    mail["Message-ID"] = f"<{mark}@{reporter.host}>"
    mail.attach(MIMEText(f"This is an authentication failure report for a message received from {source}.\n"))
    mail.attach(MIMEMessage(_feedback(series, source=source, turn=turn, arrived=arrived), "feedback-report"))
    sample = _sample(series, source=source, turn=turn, arrived=arrived)
    if series.headers_only:
        mail.attach(MIMEText(sample.as_string(policy=SMTP), "rfc822-headers"))
    else:
        mail.attach(MIMEMessage(sample))
    return DemoMail(name=name, content=mail.as_bytes(policy=SMTP), sent_at=sent_at, reporter=reporter, address=address)


def _feedback(series: Series, *, source: str, turn: int, arrived: int) -> Message:
    flow, fields = series.flow, Message()
    fields["Feedback-Type"] = "auth-failure"
    fields["Version"] = "1"
    fields["User-Agent"] = f"{series.reporter.org_name}/3.1"
    fields["Auth-Failure"] = "dmarc"
    fields["Identity-Alignment"] = "dkim, spf"
    fields["Authentication-Results"] = _results(series)
    fields["Original-Envelope-Id"] = sha256(f"{series.subject}|{source}|{arrived}".encode()).hexdigest()[:12].upper()
    fields["Original-Mail-From"] = f"bounces@{flow.envelope_from}"
    fields["Original-Rcpt-To"] = series.recipient
    fields["Arrival-Date"] = _date(arrived)
    fields["Reported-Domain"] = flow.header_from
    fields["Source-IP"] = source
    fields["Delivery-Result"] = series.delivery
    if series.incidents > 1:
        fields["Incidents"] = str(series.incidents + turn)
    for sign in flow.signatures[:1]:
        fields["DKIM-Domain"], fields["DKIM-Selector"] = sign.domain, sign.selector
    if flow.spf == "fail":
        fields["SPF-DNS"] = f'txt : {flow.envelope_from} : "v=spf1 ip4:192.0.2.0/24 -all"'
    return fields


def _sample(series: Series, *, source: str, turn: int, arrived: int) -> Message:
    flow, sample = series.flow, Message()
    mark = sha256(f"{series.writer}|{source}|{arrived}".encode()).hexdigest()
    host = series.reporter.host
    sample["Received"] = (
        f"from mail.{flow.envelope_from} ([{source}]) by {host} with ESMTP id {mark[:10]}; {_date(arrived)}"
    )
    for sign in flow.signatures:
        sample["DKIM-Signature"] = (
            f"v=1; a=rsa-sha256; d={sign.domain}; s={sign.selector}; h=from:subject; bh=; b={mark}"
        )
    sample["From"] = f"{series.writer}@{flow.header_from}"
    sample["To"] = series.recipient
    sample["Subject"] = f"{series.subject} {1000 + turn * 37 + arrived % 900}"
    sample["Date"] = _date(arrived - 4)
    sample["Message-ID"] = f"<{mark[:20]}@{flow.envelope_from}>"
    sample["MIME-Version"] = "1.0"
    sample["Content-Type"] = "text/plain; charset=utf-8"
    sample.set_payload(series.body and f"{series.body}\n")
    return sample


def _results(series: Series) -> str:
    flow = series.flow
    signs = "".join(f"; dkim={sign.result} header.d={sign.domain} header.s={sign.selector}" for sign in flow.signatures)
    spf = f"spf={flow.spf} smtp.mailfrom={flow.envelope_from}"
    return f"{series.reporter.host}; dmarc=fail header.from={flow.header_from}; {spf}{signs or '; dkim=none'}"


def _date(at: int) -> str:
    return format_datetime(datetime.fromtimestamp(at, UTC))
