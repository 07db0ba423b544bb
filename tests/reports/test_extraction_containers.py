from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import pytest

from reports.dto import Problem
from reports.ingest.extraction import archives, extract
from reports.vocabulary import Reason, RepairCode
from tests.reports.samples import GZ, NAME, XML, zipped

OTHER = XML.replace(b"r-1", b"r-2")


def test_nothing_is_made_of_nothing() -> None:
    extraction = extract(b"")
    assert extraction.payloads == ()
    assert extraction.problems == (Problem(Reason.EMPTY),)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gzip.compress(b"unused"), Reason.PLACEHOLDER),
        (gzip.compress(b"<!DOCTYPE html><html><body>404</body></html>"), Reason.HTML_PAGE),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', Reason.IMAGE),
        (b"\x89PNG\r\n\x1a\n....", Reason.IMAGE),
        (b"<rss><channel/></rss>", Reason.OTHER_XML),
        (b'{"hello": 1}', Reason.OTHER_JSON),
        (gzip.compress(b""), Reason.EMPTY),
        (b"Rar!\x1a\x07\x01\x00", Reason.UNSUPPORTED_ARCHIVE),
        (b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n", Reason.ENCRYPTED),
        (b"just some words", Reason.NO_REPORT_FOUND),
        (b"\x1f\x8b\x08 but no gzip", Reason.DAMAGED_ARCHIVE),
        (b"PK\x03\x04 but no zip", Reason.DAMAGED_ARCHIVE),
    ],
)
def test_what_is_no_report_is_explained(data: bytes, reason: Reason) -> None:
    extraction = extract(data, filename="x.xml.gz")
    assert extraction.payloads == ()
    assert [problem.code for problem in extraction.problems] == [reason]


def _tar(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


@pytest.mark.parametrize(
    ("data", "trail"),
    [
        (XML, ()),
        (GZ, ("gzip",)),
        (gzip.compress(GZ), ("gzip", "gzip")),
        (bz2.compress(XML), ("bzip2",)),
        (lzma.compress(XML), ("xz",)),
        *[(zlib.compress(XML, level), ("zlib",)) for level in (0, 1, 6, 9)],
        (_deflated(XML), ("deflate",)),
        (gzip.compress(zlib.compress(XML)), ("gzip", "zlib")),
        (zipped(("a", _deflated(XML))), ("zip", "deflate")),
        (zipped(("", XML)), ("zip",)),
        (zipped(("a.xml", XML)), ("zip",)),
        (zipped(("a.gz", GZ)), ("zip", "gzip")),
        (zipped(("a.zip", zipped(("b.xml", XML)))), ("zip", "zip")),
        (_tar(("a.xml", XML)), ("tar",)),
        (gzip.compress(_tar(("a.xml", XML))), ("gzip", "tar")),
    ],
)
def test_a_report_is_found_in_every_container_whatever_its_name(data: bytes, trail: tuple[str, ...]) -> None:
    extraction = extract(data, filename="misleading.pdf")
    assert [(payload.kind, payload.data, payload.trail) for payload in extraction.payloads] == [
        ("aggregate", XML, trail)
    ]
    assert extraction.problems == ()


def test_every_member_counts_and_folders_and_notes_do_not() -> None:
    data = zipped(
        ("folder/", b""),
        ("__MACOSX/._a.xml", b"\0\5\x16\7junk"),
        ("README.txt", b"hi"),
        ("a.xml", XML),
        ("b.xml", OTHER),
    )
    extraction = extract(data)
    assert [(payload.index, payload.filename, payload.data) for payload in extraction.payloads] == [
        (0, "a.xml", XML),
        (1, "b.xml", OTHER),
    ]
    assert extraction.problems == ()


def _codes(data: bytes) -> list[str]:
    (payload,) = extract(data).payloads
    assert payload.data == XML
    return [repair.code for repair in payload.repairs]


def test_a_gzip_without_its_trailer_is_read_and_said_to_be_truncated() -> None:
    assert _codes(GZ[:-8]) == [RepairCode.ARCHIVE_TRUNCATED]


def test_a_gzip_with_a_wrong_checksum_is_read_and_said_so() -> None:
    assert _codes(GZ[:-8] + b"\1\2\3\4" + GZ[-4:]) == [RepairCode.ARCHIVE_CHECKSUM]


def test_a_gzip_with_bytes_after_it_is_read_and_said_so() -> None:
    assert _codes(GZ + b"-- \nfooter") == [RepairCode.ARCHIVE_TRAILING]


def test_padding_after_a_gzip_is_no_deviation() -> None:
    assert _codes(GZ + b"\0" * 512) == []


def test_a_gzip_of_several_members_is_one_file() -> None:
    half = len(XML) // 2
    assert _codes(gzip.compress(XML[:half]) + gzip.compress(XML[half:])) == []


def test_a_gzip_cut_in_the_middle_gives_what_it_still_holds() -> None:
    long = XML.replace(b"</feedback>", b"".join(b"<record>%d</record>" % n for n in range(9999)) + b"</feedback>")
    (payload,) = extract(gzip.compress(long)[:-2000]).payloads
    assert long.startswith(payload.data)
    assert len(payload.data) > len(long) // 2
    assert [repair.code for repair in payload.repairs] == [RepairCode.ARCHIVE_TRUNCATED]


def test_a_zip_without_directory_is_read_by_its_local_headers() -> None:
    data = zipped(("a.xml", XML), ("b.xml", OTHER))
    extraction = extract(data[: data.index(b"PK\x01\x02")])
    assert [payload.data for payload in extraction.payloads] == [XML, OTHER]
    assert [[repair.code for repair in payload.repairs] for payload in extraction.payloads] == [
        [RepairCode.ARCHIVE_SALVAGED]
    ] * 2


def test_a_zip_member_with_a_wrong_checksum_is_read_and_said_so() -> None:
    data = zipped(("a.xml", XML))
    checksum = zlib.crc32(XML).to_bytes(4, "little")
    assert data.count(checksum) == 2
    assert _codes(data.replace(checksum, b"\1\2\3\4")) == [RepairCode.ARCHIVE_SALVAGED]


def test_an_encrypted_member_is_named_and_takes_no_sibling_with_it() -> None:
    data = bytearray(zipped(("secret.xml", XML), ("a.xml", XML)))
    data[6] |= 1  # the flag in the local header, and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    extraction = extract(bytes(data))
    assert [payload.filename for payload in extraction.payloads] == ["a.xml"]
    assert extraction.problems == (Problem(Reason.ENCRYPTED, (("name", "secret.xml"),)),)


def test_a_method_that_python_does_not_know_is_said_to_be_unsupported() -> None:
    data = bytearray(zipped(("a.xml", XML)))
    data[8] = 9  # Deflate64
    data[data.index(b"PK\x01\x02") + 10] = 9
    assert [problem.code for problem in extract(bytes(data)).problems] == [Reason.UNSUPPORTED_ARCHIVE]


def test_a_stored_member_is_salvaged_too() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.xml", XML)
    assert _codes(out.getvalue()[: out.getvalue().index(b"PK\x01\x02")]) == [RepairCode.ARCHIVE_SALVAGED]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_wide_and_marked_xml_is_recognised(encoding: str) -> None:
    (payload,) = extract(XML.decode().encode(encoding), filename=NAME).payloads
    assert (payload.kind, payload.filename) == ("aggregate", NAME)


def test_a_tls_report_is_recognised() -> None:
    (payload,) = extract(b'\xef\xbb\xbf {"organization-name": "Receiver", "policies": []}').payloads
    assert payload.kind == "tls"


def test_several_reports_in_one_xml_file_come_apart() -> None:
    assert [payload.data.strip() for payload in extract(XML + b"\n" + OTHER + OTHER[39:]).payloads] == [
        XML.strip(),
        OTHER.strip(),
        OTHER[39:].strip(),
    ]


@pytest.mark.parametrize("change", [
    lambda data: data,
    lambda data: data + b"\0",
    lambda data: b"\0" + data,
    lambda data: data[:-1],
    lambda data: data[:-22] + data[-22:].replace(b"\x01\0\x01\0", b"\x02\0\x02\0"),
    lambda data: data.replace(b"report.xml", b"repor\0.xml"),
    lambda data: data[:60] + bytes([data[60] ^ 255]) + data[61:],
    lambda data: data[:14] + b"\0\0\0\0" + data[18:],
])  # fmt: skip
def test_a_plain_zip_is_read_as_zipfile_reads_it(
    change: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = change(zipped(("report.xml", XML)))
    quick = extract(data)
    monkeypatch.setattr(archives, "single_file", lambda data, *, budget: None)
    assert quick == extract(data)


@pytest.mark.parametrize(
    ("data", "is_whole", "codes"),
    [
        (zlib.compress(XML)[:-1], True, [RepairCode.ARCHIVE_TRUNCATED]),
        (zlib.compress(XML)[:-20], False, [RepairCode.ARCHIVE_TRUNCATED]),
        (zlib.compress(XML)[:-4] + b"\0\0\0\0", True, [RepairCode.ARCHIVE_CHECKSUM]),
        (zlib.compress(XML) + b"\r\n\0", True, []),
        (zlib.compress(XML) + b"footer", True, [RepairCode.ARCHIVE_TRAILING]),
        (_deflated(XML)[:-20], False, [RepairCode.ARCHIVE_TRUNCATED]),
        (_deflated(XML) + b"footer", True, [RepairCode.ARCHIVE_TRAILING]),
    ],
)
def test_a_damaged_deflate_stream_gives_what_it_holds(data: bytes, is_whole: bool, codes: list[str]) -> None:
    (payload,) = extract(data).payloads
    assert XML.startswith(payload.data)
    assert (payload.data == XML) is is_whole
    assert [repair.code for repair in payload.repairs] == codes


@pytest.mark.parametrize(
    "content", [b"words " * 100, b"{}" + b" " * 200, b"<html>" + b"x" * 200, b"\x89PNG" + b"x" * 100, b""]
)
def test_deflated_bytes_that_are_no_report_are_none(content: bytes) -> None:
    for data in (zlib.compress(content), _deflated(content)):
        assert extract(data).payloads == ()
