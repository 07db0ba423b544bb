"""The demo organisation's mailbox: every report mail of its 90 days, the same bytes for the same last day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256

from dmarcsite.demo.aggregate import aggregate_xml
from dmarcsite.demo.cast import (
    CAMPUS,
    CORPORATE,
    DAILY_REPORTERS,
    DAYS,
    MAILHUB,
    POSTBOX,
    QUIET,
    SEED,
    DemoDomain,
    Reporter,
)
from dmarcsite.demo.delivery import delivered
from dmarcsite.demo.envelopes import DemoMail, aggregate_mail, placeholder_mail, stray_mail
from dmarcsite.demo.evaluation import rows_of
from dmarcsite.demo.failures import failure_mails
from dmarcsite.demo.tls import tls_mails

DAY = 86400
SENT_TWICE = (71, 50, 33, 12, 3)
"""Days ago on which Mailhub sent its report about example.com a second time, one of them packed as a zip."""


def demo_mails(*, until: date) -> Iterator[DemoMail]:
    """All mails in the order in which they were sent; `until` is the last reported UTC day.

    Names are unique. The same `until` gives the same bytes.
    """
    mails = [
        *_daily(until),
        *_odd(until),
        *failure_mails(midnight=_midnight(until)),
        *tls_mails(midnight=_midnight(until)),
    ]
    yield from map(delivered, sorted(mails, key=lambda mail: (mail.sent_at, mail.name)))


def _daily(until: date) -> Iterator[DemoMail]:
    for days_ago in range(DAYS - 1, -1, -1):
        for reporter in DAILY_REPORTERS:
            for domain in reporter.hears_of if days_ago >= reporter.silent_days else ():
                yield from _report(reporter, domain, [days_ago], until=until)


def _odd(until: date) -> Iterator[DemoMail]:
    """The story "odd reports": whole weeks, weeks without a row, second copies, and two mails that hold no report."""
    midnight = _midnight(until)
    for last in range(DAYS - 8, -1, -7):
        week = range(last + 6, last - 1, -1)
        yield from _report(CAMPUS, CORPORATE, week, until=until)
        yield from _report(CAMPUS, QUIET, week, until=until, is_empty=True)
    for turn, days_ago in enumerate(SENT_TWICE):
        yield from _report(
            MAILHUB, CORPORATE, [days_ago], until=until,
            delay=5 * 3600, packing="" if turn else "zip",
        )  # fmt: skip
    yield placeholder_mail(reporter=POSTBOX, domain=CORPORATE.name, sent_at=midnight - 30 * DAY + 7 * 3600)
    yield stray_mail(reporter=CAMPUS, sent_at=midnight - 21 * DAY + 9 * 3600)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _report(
    reporter: Reporter, domain: DemoDomain, days: Sequence[int], *,
    until: date, is_empty: bool = False, delay: int = 0, packing: str = "",
) -> Iterator[DemoMail]:  # fmt: skip
    """One mail, or none where the reporter saw no message; `days` are in days ago, the oldest first."""
    begin = _midnight(until) - days[0] * DAY + reporter.hours * 3600
    end = begin + len(days) * DAY
    rows = [] if is_empty else list(rows_of(reporter=reporter, domain=domain, until=until, days=days))
    if not rows and not is_empty:
        return
    digest = sha256(f"{SEED}|{reporter.key}|{domain.name}|{begin}".encode()).digest()
    report_id = reporter.report_id.format(
        begin=begin, end=end, domain=domain.name, digest=digest.hex()[:32],
        number=str(int.from_bytes(digest[:8], "big"))[:17],
    )  # fmt: skip
    policy = domain.published(days_ago=days[-1])
    xml = aggregate_xml(
        rows, reporter=reporter, report_id=report_id, domain=domain.name, policy=policy, begin=begin, end=end - 1
    )
    yield aggregate_mail(
        xml, reporter=reporter, report_id=report_id, domain=domain.name, begin=begin, end=end - 1,
        sent_at=end + 300 + digest[0] * 12 + delay, packing=packing,
    )  # fmt: skip
