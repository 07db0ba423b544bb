"""Owns the mail of an injection: a seeded folder of report mails, with everything in it that can be counted twice or lost."""

from __future__ import annotations

import gzip
from datetime import timedelta
from email.message import EmailMessage
from random import Random

from tests.reports.samples import BEGIN, END, failure_mail, record_xml, report_mail, zipped
from tests.reports.stored import DAY, record, report

WORLDS = 6
DAY_SECONDS = 86_400
MONTH_DAYS = 31
DOMAINS = ("example.com", "example.net", "sub.example.org")
TLS_REPORT = (
    b'{"organization-name": "Receiver Example", "date-range": {"start-datetime": "2023-11-14T00:00:00Z", '
    b'"end-datetime": "2023-11-14T23:59:59Z"}, "contact-info": "tls@receiver.example", "report-id": "tls-%d", "policies": '
    b'[{"policy": {"policy-type": "sts", "policy-domain": "example.com"}, "summary": {"total-successful-session-count": '
    b'%d, "total-failure-session-count": 1}}]}'
)


def world(number: int) -> tuple[bytes, ...]:
    """The mails of one world, always the same for the same number: about twenty, in an order of their own.

    Two that are alike to the byte come first, and so in one batch: where one of them has been moved away, and the folder's
    UIDs change before that is noted, nobody can tell which of them is left.
    """
    rng = Random(f"world {number}")
    plain = [_report(rng, name=f"r-{n}") for n in range(rng.randint(6, 9))]
    again = [_mail(rng.choice(plain), name=f"again-{n}") for n in range(3)]
    first = plain[0].replace(b"<count>", b"<count>1", 1)
    mails = [
        *(_mail(each, name=f"plain-{n}") for n, each in enumerate(plain)),
        *again[1:],
        _mail(first, name="conflicting"),
        _mail(_report(rng, name="spoilt", more=[record("nowhere")]), name="spoilt"),
        _mail(_report(rng, name="empty", rows=0), name="empty"),
        _several(_report(rng, name="both-1"), plain[1], _report(rng, name="both-2")),
        _letter(_fixed(report_mail((b"PK\x03\x04 no zip", "report.zip")), "broken")),
        failure_mail(),
        failure_mail().replace(b"192.0.2.7", b"198.51.100.%d" % rng.randint(1, 99)).replace(b"sample-1", b"sample-2"),
        _letter(_fixed(report_mail((gzip.compress(TLS_REPORT % (number, rng.randint(1, 99)), mtime=0), "t.json.gz")), "tls")),
        b"From: somebody@example.com\nSubject: lunch\n\nAt noon?\n",
    ]  # fmt: skip
    rng.shuffle(mails)
    return again[0], again[0], *mails


def brought_once(number: int) -> tuple[bytes, ...]:
    """The mails of a world whose reports no other mail brings."""
    return tuple(
        mail
        for mail in world(number)
        if any(word in mail for word in (b"Subject: Report tls", b"sample-2", b"Report spoilt"))
    )


def letter(number: int) -> bytes:
    """The mail of a world that is no report."""
    (found,) = (mail for mail in world(number) if b"Subject: lunch" in mail)
    return found


def old_mails(months: int) -> tuple[bytes, ...]:
    """Mails about a few days, so many months ago: plain ones, copies, contradicting ones, failures, TLS reports and letters."""
    rng = Random(f"old {months}")
    plain = [_report(rng, name=f"old-{months}-{n}", months=months) for n in range(5)]
    tls = TLS_REPORT.replace(b"2023-11-14", (DAY - timedelta(days=months * MONTH_DAYS)).isoformat().encode())
    return (
        *(_mail(each, name=f"plain-{months}-{n}") for n, each in enumerate(plain)),
        _mail(plain[0], name=f"again-{months}"),
        _mail(plain[1].replace(b"<count>", b"<count>1", 1), name=f"conflicting-{months}"),
        _mail(_report(rng, name=f"spoilt-{months}", more=[record("nowhere")], months=months), name=f"spoilt-{months}"),
        failure_mail().replace(b"sample-1", b"sample-%d" % months),
        _letter(_fixed(report_mail((gzip.compress(tls % (months, 7), mtime=0), "t.json.gz")), f"tls-{months}")),
        b"From: somebody@example.com\nSubject: lunch %d\n\nAt noon?\n" % months,
    )


def rivals(number: int) -> tuple[bytes, bytes, bytes, bytes]:
    """Mails with one report's identity: three with other rows each, under one file name, of which the last proven one counts;
    before that one comes the first once more under another name, by which nothing would replace it.
    """
    rng = Random(f"rivals {number}")
    first, second, last = (_report(rng, name=f"rival-{number}", months=0, at_once=True) for _ in range(3))
    files = ((first, "r.xml"), (second, "r.xml"), (first, "copy.xml"), (last, "r.xml"))
    mails = [_letter(_fixed(report_mail(file), f"rival-{number}-{n}")) for n, file in enumerate(files)]
    one, two, three, four = (mail.replace(b"\n", b"\r\n") for mail in mails)
    return one, two, three, four


def _report(
    rng: Random,
    *,
    name: str,
    rows: int | None = None,
    more: list[str] | None = None,
    months: int = 0,
    at_once: bool = False,
) -> bytes:
    begin = BEGIN + (0 if at_once else rng.randrange(3) * DAY_SECONDS) - months * MONTH_DAYS * DAY_SECONDS
    records = [
        record(
            f"192.0.2.{rng.randint(1, 30)}" if rng.random() < 0.8 else f"2001:db8::{rng.randint(1, 30):x}",
            rng.randint(1, 500),
            dkim=rng.choice(("pass", "fail")),
            spf=rng.choice(("pass", "fail")),
            disposition=rng.choice(("none", "quarantine", "reject")),
        )
        for _ in range(rng.randint(1, 12) if rows is None else rows)
    ]
    content = report(
        *(records + (more or []) or [record_xml()]),
        report_id=name,
        domain=DOMAINS[0] if at_once else rng.choice(DOMAINS),
        begin=begin,
        end=begin + END - BEGIN,
    )
    return content if rows != 0 else content.replace(record_xml().encode(), b"")


def _mail(content: bytes, *, name: str) -> bytes:
    pack = {0: (content, "r.xml"), 1: (gzip.compress(content, mtime=0), "r.xml.gz")}
    return _letter(_fixed(report_mail(pack.get(len(name) % 3, (zipped(("r.xml", content)), "r.zip"))), name))


def _several(*contents: bytes) -> bytes:
    return _letter(_fixed(report_mail(*((each, f"{n}.xml") for n, each in enumerate(contents))), "several"))


def _letter(mail: EmailMessage) -> bytes:
    return mail.as_bytes()


def _fixed(mail: EmailMessage, name: str) -> EmailMessage:
    mail.replace_header("Subject", f"Report {name}")
    mail.set_boundary(f"boundary-{name}")
    return mail
