"""Owns the report mails of the proof: what a receiver elsewhere saw of two vendors who send in our name."""

from __future__ import annotations

import gzip
import time

from tests.reports import samples
from tests.reports.stored import record, report

DAY = 86_400


def mails(*, payroll: str, newsletter: str) -> list[bytes]:
    """An aggregate report of yesterday and a failure report; one vendor proves nothing, the other passes SPF as itself."""
    begin = (int(time.time()) // DAY - 1) * DAY
    aggregate = report(
        record(source=payroll, count=40, spf_domain="payroll.example", spf_result="none"),
        record(source=newsletter, count=25, spf_domain="example.net", spf_result="pass"),
        begin=begin,
        end=begin + DAY - 1,
    )
    name = f"receiver.example!example.com!{begin}!{begin + DAY - 1}.xml.gz"
    return [samples.report_mail((gzip.compress(aggregate), name)).as_bytes(), samples.failure_mail()]
