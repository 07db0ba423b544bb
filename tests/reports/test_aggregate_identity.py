from __future__ import annotations

import pytest

from reports.dto import AggregateReport, Payload
from reports.ingest.reading.aggregate import read_aggregate
from reports.ingest.reading.identity import identity_key
from tests.reports.samples import aggregate_xml, record_xml


def _read(xml: str) -> AggregateReport:
    return read_aggregate(Payload("aggregate", 0, xml.encode()))


WHOLE = aggregate_xml(record_xml(), record_xml(count="<count>5</count>"))
REPORT = _read(WHOLE)


@pytest.mark.parametrize(
    "changed",
    [
        WHOLE.replace("<count>5", "<count>6"),
        WHOLE.replace("192.0.2.1", "192.0.2.2", 1),
        WHOLE.replace("<result>pass", "<result>fail"),
        WHOLE.replace("s1", "s2"),
        aggregate_xml(record_xml(count="<count>5</count>"), record_xml()),
        aggregate_xml(record_xml()),
        aggregate_xml(record_xml(), record_xml(count="<count>bad</count>")),
    ],
)
def test_other_rows_have_another_hash_under_the_same_identity(changed: str) -> None:
    other = _read(changed)
    assert other.rows_hash != REPORT.rows_hash
    assert identity_key(other.head) == identity_key(REPORT.head)


@pytest.mark.parametrize(
    "same",
    [
        WHOLE.replace("><", ">\n\t<"),
        WHOLE.replace("<feedback>", '<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">'),
        WHOLE.replace("<count>5</count>", "<count> 5 </count>"),
        WHOLE.replace("<disposition>none", "<disposition>None"),
        WHOLE.replace("Receiver Example", "Other Words"),
    ],
)
def test_the_same_rows_written_otherwise_have_the_same_hash(same: str) -> None:
    assert same != WHOLE
    assert _read(same).rows_hash == REPORT.rows_hash


def test_rejected_rows_with_other_texts_have_other_hashes() -> None:
    one, two = (_read(aggregate_xml(record_xml(count=f"<count>{text}</count>"))) for text in ("bad", "worse"))
    assert one.rows_hash != two.rows_hash


@pytest.mark.parametrize(
    "change",
    [
        {"org_name": "Other"},
        {"email": "other@receiver.example"},
        {"report_id": "r-1@receiver.example"},
        {"report_id": "R-1"},
        {"begin": REPORT.head.begin + 1},
        {"end": REPORT.head.end + 1},
        {"policy": REPORT.head.policy._replace(domain="other.example")},
        {"org_name": REPORT.head.org_name + REPORT.head.email, "email": ""},
    ],
)
def test_every_part_of_the_identity_counts(change: dict[str, object]) -> None:
    assert identity_key(REPORT.head._replace(**change)) != identity_key(REPORT.head)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"org_name": "RECEIVER example"},
        {"email": "NoReply@Receiver.example"},
        {"report_id": "<r-1>"},
        {"version": "1.0"},
        {"errors": ("x",)},
    ],
)
def test_case_angle_brackets_and_all_else_do_not(change: dict[str, object]) -> None:
    assert identity_key(REPORT.head._replace(**change)) == identity_key(REPORT.head)  # type: ignore[arg-type]
