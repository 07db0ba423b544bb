"""Archives and mboxes that break the rules of their formats, and how long it takes to find that out."""

from __future__ import annotations

import base64
import gzip
import io
import tarfile
import time
import zlib

import pytest

from reports.ingest.extraction import extract, is_mbox
from reports.vocabulary import RepairCode
from tests.reports.samples import NAME, XML, zipped

ZIP = zipped((NAME, XML))
OTHER = XML.replace(b"r-1", b"r-2")
LETTER = "From: a@receiver.example\nSubject: x\n\n"


def _read(data: bytes) -> tuple[list[bytes], list[str]]:
    """The reports without the line end after them, and the reasons."""
    extraction = extract(data)
    return [each.data.strip() for each in extraction.payloads], [each.code for each in extraction.problems]


ONE: tuple[list[bytes], list[str]] = ([XML.strip()], [])


@pytest.mark.parametrize("between", [b"", b"\r\n", b"\0" * 512])
def test_gzip_members_with_padding_between_them_are_all_read(between: bytes) -> None:
    assert _read(gzip.compress(XML) + between + gzip.compress(OTHER)) == ([XML.strip(), OTHER.strip()], [])


def _patched(offset: int, value: bytes, *, after: bytes) -> bytes:
    at = ZIP.find(after) + offset
    return ZIP[:at] + value + ZIP[at + len(value) :]


@pytest.mark.parametrize(
    "data",
    [
        _patched(42, b"\5\0\0\0", after=b"PK\1\2"),
        _patched(42, b"\xff\xff\xff\0", after=b"PK\1\2"),
        _patched(16, b"\5\0\0\0", after=b"PK\5\6"),
    ],
)
def test_a_zip_whose_directory_leads_nowhere_is_read_by_its_local_headers(data: bytes) -> None:
    (payload,) = extract(data).payloads
    assert (payload.data, payload.filename) == (XML, NAME)
    assert [repair.code for repair in payload.repairs] == [RepairCode.ARCHIVE_SALVAGED]


def test_a_member_that_is_named_like_a_folder_and_has_content_is_read() -> None:
    assert _read(zipped(("a.xml/", XML), ("b/", b""))) == ONE


def _tar(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def test_a_tar_that_is_cut_off_gives_what_it_still_holds() -> None:
    extraction = extract(_tar(("a.xml", OTHER), ("b.xml", XML * 3))[: 512 * 7])
    first, second = extraction.payloads[:2]
    assert (first.data, first.repairs) == (OTHER, ())
    assert second.data.startswith(XML[:500])
    assert [repair.code for repair in second.repairs] == [RepairCode.ARCHIVE_TRUNCATED]


def test_a_tar_without_a_magic_number_is_known_by_its_checksum() -> None:
    old = bytearray(_tar(("a.xml", XML)))
    old[257:265] = bytes(8)
    old[148:156] = b" " * 8
    total = sum(old[:512])
    old[148:156] = b"%06o\0 " % total
    assert _read(bytes(old)) == ONE
    old[148:156] = b"%06o\0 " % (total + 1)
    assert _read(bytes(old))[0] != [XML.strip()]


FIRST = b"From a@receiver.example Tue Nov 14 22:13:20 2023\n"
FIELDS = LETTER.encode().replace(b"\n\n", b"\nContent-Transfer-Encoding: base64\n\n")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: zipped(("a.mbox", data))])
def test_an_mbox_wherever_it_lies_gives_all_of_its_messages(pack: object) -> None:
    assert callable(pack)
    mbox = b"\n".join(FIRST + FIELDS + base64.encodebytes(gzip.compress(each)) for each in (XML, OTHER))
    extraction = extract(pack(mbox))
    assert [each.data for each in extraction.payloads] == [XML, OTHER]
    assert [each.trail[-3:] for each in extraction.payloads] == [("mbox", "mail", "gzip")] * 2
    assert extraction.problems == ()


@pytest.mark.parametrize("piece", [b"00:00 ", b"a@", b"00:00", b"1 00:00 202 "])
def test_a_long_line_that_only_begins_like_the_first_of_an_mbox_takes_no_time(piece: bytes) -> None:
    started = time.process_time()
    is_mbox(b"From " + piece * 100_000 + b"\nSubject: x\n")
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "data",
    [
        b"[" + b'"H4sIAAAAAAAAAAAAAAAAAAAAAA",' * 100_000,
        LETTER.encode() + b"begin 644 a\n`\nend\n" * 100_000,
        LETTER.encode() + b"name :\n" * 100_000,
        LETTER.encode() + b"\n--a\nb :c\n" * 19_000,
        b"From: x\n\n" * 100_000,
        b"<html>" + b"<feedback></feedback>" * 100_000,
        (zlib.compress(b"") + b"\0") * 100_000,
        (gzip.compress(b"") + b"\0\0") * 50_000,
    ],
)
def test_what_is_tried_on_spoilt_texts_takes_no_longer_than_their_length(data: bytes) -> None:
    started = time.process_time()
    assert extract(data).payloads == ()
    assert time.process_time() - started < 5
