from __future__ import annotations

import bz2
import gzip
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from reports.ingest.extraction import Limits, extract
from reports.ingest.extraction.mime import PARTS_DEEP
from reports.ingest.reading.jsontext import SIZE_MAX
from reports.ingest.reading.records import MOST_RECORDS
from reports.vocabulary import Reason
from tests.reports.samples import XML, report_mail, zipped


def _reasons(data: bytes, limits: Limits) -> list[str]:
    return [problem.code for problem in extract(data, limits=limits).problems]


def _nested(layers: int) -> bytes:
    data = XML
    for _ in range(layers):
        data = gzip.compress(data)
    return data


@pytest.mark.parametrize(
    ("data", "at_limit", "reason"),
    [
        (XML, Limits(bytes_in=len(XML)), Reason.TOO_LARGE),
        (gzip.compress(XML), Limits(bytes_out=len(XML)), Reason.TOO_LARGE),
        (zlib.compress(XML), Limits(bytes_out=len(XML)), Reason.TOO_LARGE),
        (zlib.compress(XML)[2:-4], Limits(bytes_out=len(XML)), Reason.TOO_LARGE),
        (gzip.compress(zlib.compress(XML)), Limits(depth=2), Reason.TOO_DEEP),
        (zlib.compress(XML), Limits(parts=2), Reason.TOO_MANY_PARTS),
        (zipped(("a", XML), ("b", XML)), Limits(bytes_out=2 * len(XML)), Reason.TOO_LARGE),
        (zipped(("a", XML), ("b", XML), ("c", XML)), Limits(members=3), Reason.TOO_MANY_MEMBERS),
        (_nested(4), Limits(depth=4), Reason.TOO_DEEP),
        (zipped(("a", XML), ("b", XML)), Limits(parts=3), Reason.TOO_MANY_PARTS),
        (XML + XML, Limits(parts=2), Reason.TOO_MANY_PARTS),
        (b'[{"organization-name": 1}, {"organization-name": 2}]', Limits(parts=2), Reason.TOO_MANY_PARTS),
    ],
)
def test_each_limit_holds_exactly(data: bytes, at_limit: Limits, reason: Reason) -> None:
    assert _reasons(data, at_limit) == []
    (name,) = [name for name in Limits.__slots__ if getattr(at_limit, name) != getattr(Limits(), name)]
    below = replace(at_limit, **{name: getattr(at_limit, name) - 1})
    assert _reasons(data, below) == [reason]


@pytest.mark.parametrize(
    "compress", [gzip.compress, bz2.compress, zlib.compress, lambda data: gzip.compress(gzip.compress(data))]
)
def test_a_bomb_stops_at_the_ratio_long_before_its_size(compress: object) -> None:
    assert callable(compress)
    bomb = compress(b"<feedback>" + b" " * 40_000_000)
    assert _reasons(bomb, Limits()) == [Reason.RATIO_TOO_HIGH]
    assert _reasons(bomb, Limits(ratio=1_000_000)) == []


def test_the_documentation_names_the_limits() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reading.md").read_text(encoding="utf-8")
    limits = Limits()
    rows = {
        "size": f"{limits.bytes_in >> 20} MiB", "size when unpacked": f"{limits.bytes_out >> 20} MiB",
        f"unpacked to packed, from {limits.ratio_floor >> 20} MiB on": str(limits.ratio),
        "members of archives": f"{limits.members:,}", "parts": f"{limits.parts:,}",
        "containers within one another": str(limits.depth), "parts of a mail within one another": str(PARTS_DEEP),
        "records of a report": f"{MOST_RECORDS:,}", "JSON": f"{SIZE_MAX >> 20} MiB",
    }  # fmt: skip
    assert [f"| {name} | {value} |" for name, value in rows.items() if f"| {name} | {value} |" not in text] == []


def _unfolding(count: int, *, size: int) -> bytes:
    """A gzip of `size` bytes, padding included, that unfolds to `count` bytes."""
    packed = gzip.compress(XML + b" " * (count - len(XML)))
    return packed + b"\0" * (size - len(packed))


@pytest.mark.parametrize(
    ("count", "limits", "reasons"),
    [
        (100_000, Limits(ratio=100, ratio_floor=1), []),
        (100_001, Limits(ratio=100, ratio_floor=1), [Reason.RATIO_TOO_HIGH]),
        (100_000, Limits(ratio=1, ratio_floor=100_000), []),
        (100_001, Limits(ratio=1, ratio_floor=100_000), [Reason.RATIO_TOO_HIGH]),
    ],
)
def test_ratio_and_its_floor_hold_to_the_byte(count: int, limits: Limits, reasons: list[Reason]) -> None:
    assert _reasons(_unfolding(count, size=1000), limits) == reasons


def test_the_ratio_counts_everything_that_a_message_unfolds_to() -> None:
    data = zipped(("a.xml", XML), ("b.xml", XML))
    ratio = 2 * len(XML) // len(data) + 1
    assert _reasons(data, Limits(ratio=ratio, ratio_floor=1)) == []
    assert _reasons(data, Limits(ratio=ratio - 1, ratio_floor=1)) == [Reason.RATIO_TOO_HIGH]


def test_no_more_problems_are_listed_than_a_page_can_show() -> None:
    data = zipped(*[(f"{number}.gz", b"\x1f\x8b\x08 damaged") for number in range(4)])
    assert _reasons(data, Limits(problems=4)) == [Reason.DAMAGED_ARCHIVE] * 4
    assert _reasons(data, Limits(problems=3)) == [Reason.DAMAGED_ARCHIVE] * 3


def test_a_report_of_a_hundred_thousand_equal_rows_is_no_bomb() -> None:
    start, row, end = XML.partition(XML[XML.index(b"<record>") : XML.index(b"</feedback>")])
    assert len(extract(gzip.compress(start + row * 100_000 + end)).payloads) == 1


def test_a_limit_met_late_keeps_what_came_before_it() -> None:
    extraction = extract(zipped(("a", XML), ("b", b"x" * 1000)), limits=Limits(bytes_out=len(XML) + 999))
    assert [payload.data for payload in extraction.payloads] == [XML]
    assert [problem.code for problem in extraction.problems] == [Reason.TOO_LARGE]


def test_a_mail_of_a_thousand_levels_is_refused_and_not_followed() -> None:
    mail = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(1000))
    assert _reasons(("From: a@example.com\n" + mail).encode(), Limits()) == [Reason.TOO_DEEP]


def test_attached_mails_are_followed_to_the_depth_and_no_further() -> None:
    mail = report_mail((XML, "a.xml")).as_bytes()
    for _ in range(3):
        outer = report_mail()
        outer.add_attachment(mail, maintype="application", subtype="octet-stream", filename="mail.eml")
        mail = outer.as_bytes()
    assert len(extract(mail, limits=Limits(depth=4)).payloads) == 1
    assert _reasons(mail, Limits(depth=3)) == [Reason.TOO_DEEP]
