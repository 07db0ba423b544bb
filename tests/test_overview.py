"""The Overview's queue: what somebody has to decide, and that many forgeries do not hide it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from reports.ingest.pipeline import ingest_bytes
from reports.vocabulary import Channel, Role
from tests.reports.pages import document, logged_in
from tests.reports.samples import BEGIN, END, aggregate_xml, record_xml
from tests.reports.stored import make_organisation

pytestmark = pytest.mark.django_db


def _record(address: str, count: int, results: str) -> str:
    return record_xml(
        source_ip=f"<source_ip>{address}</source_ip>",
        count=f"<count>{count}</count>",
        evaluated="<disposition>none</disposition><dkim>fail</dkim><spf>fail</spf>",
        results=results,
    )


def _of_yesterday(xml: str, *, now: datetime) -> bytes:
    begin = int(now.timestamp()) // 86_400 * 86_400 - 86_400
    return xml.replace(str(BEGIN), str(begin)).replace(str(END), str(begin + 86_399)).encode()


def test_a_wave_of_forgeries_does_not_hide_a_service_that_can_be_mended() -> None:
    ours, now = make_organisation("ours"), timezone.now()
    forged = "<spf><domain>example.com</domain><result>fail</result></spf>"
    signed = "<dkim><domain>vendor.example</domain><selector>s</selector><result>pass</result></dkim>"
    wave = [_record(f"203.0.113.{place}", 1000 - place, forged) for place in range(1, 21)]
    xml = aggregate_xml(*wave, _record("198.51.100.20", 9, signed))
    ingest_bytes(_of_yesterday(xml, now=now), organisation=ours, channel=Channel.FILE, at=now - timedelta(minutes=1))
    page = document(logged_in(ours, Role.ANALYST).get("/", {"lens": "elsewhere"}))
    queue = [" ".join(item.itertext()).split() for item in page.xpath("//ol[@class='queue']/li/span[2]")]
    assert [words[0] for words in queue] == ["198.51.100.20", *(f"203.0.113.{place}" for place in range(1, 7))]
    top = [each.text for each in page.xpath("//ol[@class='ranking']/li/a[@class='mono']")]
    assert top == [f"203.0.113.{place}" for place in range(1, 11)]
