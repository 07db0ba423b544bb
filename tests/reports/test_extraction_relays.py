"""What mail servers, gateways and mail services do to a report on its way: it is read all the same, or named rightly."""

from __future__ import annotations

import base64
import binascii
import html
import json
import quopri

import pytest

from reports.dto import Problem
from reports.ingest.extraction import extract
from reports.vocabulary import Reason, RepairCode
from tests.reports.samples import GZ, XML, multipart, part

MIXED = "multipart/mixed"
B64 = base64.encodebytes(GZ).decode()
PACKED = part("application/gzip", B64, encoding="base64")
MAIL = multipart(part("text/plain", "hello"), PACKED, content_type=MIXED)
LETTER = "From: a@receiver.example\nSubject: x\n\n"
TLS = json.dumps(
    {"organization-name": "Receiver Example", "policies": [{"policy": {"policy-domain": "example.com"}}] * 4}
)


def _read(data: bytes) -> tuple[list[bytes], list[str]]:
    """The reports without the line end after them, and the reasons."""
    extraction = extract(data)
    return [each.data.strip() for each in extraction.payloads], [each.code for each in extraction.problems]


ONE: tuple[list[bytes], list[str]] = ([XML.strip()], [])


@pytest.mark.parametrize(
    "mail",
    [
        MAIL.replace(b"Content-Type:", b"Content-Type :"),
        MAIL.replace(b"Content-Transfer-Encoding:", b"Content-Transfer-Encoding\t:"),
        MAIL.replace(b"Subject:", b"Subject :"),
        MAIL.replace(b"Subject:", b"X-Long : one\n two\nSubject:").replace(b"\n", b"\r\n"),
    ],
)
def test_a_blank_between_the_name_of_a_field_and_its_colon_hides_nothing_after_it(mail: bytes) -> None:
    assert _read(mail) == ONE
    assert extract(mail).mail.subject == "FW: hello"


@pytest.mark.parametrize(
    "mail",
    [
        MAIL.replace(b"\n", b"\r\r\n"),
        multipart(part("text/xml", XML.decode()), content_type=MIXED).replace(b"\n", b"\r\r\n"),
        MAIL.replace(b"\n", b"\n\n"),
        b"\0\0\0" + MAIL,
        b"\f\r\n" + MAIL,
    ],
)
def test_a_mail_whose_line_ends_were_doubled_on_its_way_is_read(mail: bytes) -> None:
    assert [each.data.replace(b"\r", b"").strip() for each in extract(mail).payloads] == [XML.strip()]
    assert extract(mail).mail.subject == "FW: hello"


def test_two_fields_of_a_letter_are_not_taken_for_doubled_line_ends() -> None:
    extraction = extract(LETTER.encode() + b"Note: this\n\nand that\n\n" + XML)
    assert [each.data.strip() for each in extraction.payloads] == [XML.strip()]
    assert extraction.mail.subject == "x"


@pytest.mark.parametrize(
    "mail",
    [
        MAIL + XML,
        MAIL + b"\n" + B64.encode(),
        multipart(part("text/plain", "hello"), content_type=MIXED).replace(b"\n--sep", b"\n" + XML + b"--sep", 1) + XML,
    ],
)
def test_a_report_before_the_first_part_of_a_mail_or_after_its_last_one_is_found(mail: bytes) -> None:
    assert _read(mail) == ([XML.strip()] * 2, [])


def test_a_mail_within_a_mail_with_the_same_boundary_hides_no_report() -> None:
    inner = (
        'Content-Type: multipart/alternative; boundary="sep"\n\n--sep\n' + part("text/plain", "hello") + "--sep--\n\n"
    )
    assert _read(multipart(inner, PACKED, content_type=MIXED)) == ONE


def test_a_footer_after_the_last_part_is_no_report() -> None:
    assert (
        _read(MAIL + b"_______\nlist mailing list\n<https://lists.example.net/listinfo/reports-of-all-domains>\n")
        == ONE
    )


_ID_DATA, _ID_SIGNED = bytes.fromhex("06092a864886f70d010701"), bytes.fromhex("06092a864886f70d010702")
DETACHED = (
    b"0\x82\x01\0" + _ID_SIGNED + b"\xa0\x82\1\0\x30\x82\1\0\2\1\1\x31\0\x30\x0b" + _ID_DATA + b"\xa0\x82\0\5cert."
)
DETACHED_OPEN = b"0\x80" + _ID_SIGNED + b"\xa0\x80\x30\x80\2\1\1\x31\0\x30\x80" + _ID_DATA + b"\0\0\xa0\x80cert."


@pytest.mark.parametrize("signature", [DETACHED, DETACHED_OPEN])
def test_a_signature_beside_a_report_is_no_loss(signature: bytes) -> None:
    beside = part("application/pkcs7-signature", base64.encodebytes(signature).decode(), encoding="base64")
    assert _read(multipart(PACKED, beside, content_type="multipart/signed")) == ONE
    assert extract(signature).problems == (Problem(Reason.NO_REPORT_FOUND),)


@pytest.mark.parametrize("label", ["CMS", "PKCS7"])
def test_what_is_armored_for_smime_is_looked_into(label: str) -> None:
    octets = b"\x04\x82" + len(XML).to_bytes(2, "big") + XML
    signed = (
        b"0\x82\5\0"
        + _ID_SIGNED
        + b"\xa0\x82\5\0\x30\x82\5\0\2\1\1\x31\0\x30\x82\4\0"
        + _ID_DATA
        + b"\xa0\x82\4\0"
        + octets
    )
    encrypted = b"0\x82\5\0" + bytes.fromhex("06092a864886f70d010703") + b"\0" * 90

    def armor(content: bytes) -> bytes:
        return f"-----BEGIN {label}-----\n{base64.encodebytes(content).decode()}-----END {label}-----\n".encode()

    assert _read(armor(encrypted)) == ([], [Reason.ENCRYPTED])
    assert _read(armor(signed)) == ONE


@pytest.mark.parametrize(
    "text",
    [
        f"[EXTERNAL] Be careful with this mail.\n\n{XML.decode()}",
        f"[cid:image001.png]\n\n{B64}",
        f"{{report}}\n{XML.decode()}",
        json.dumps([{"Name": "a.gz", "Content": base64.b64encode(GZ).decode()}]),
        json.dumps({"report": XML.decode().partition("\n")[2].strip()}).replace('\\"', '"'),
        f'<html><a href="data:application/gzip;base64,{base64.b64encode(GZ).decode()}">report</a></html>',
        f"<html><body><pre>{B64}</pre></body></html>",
        "<html><body>" + B64.replace("\n", "<br>\n") + "</body></html>",
        "<html><body><div>" + B64.replace("\n", "</div>\n<div class=x>") + "</div></body></html>",
        '<?xml version="1.0"?>\n<files><file>' + B64.replace("\n", "&#xD;\n") + "</file></files>",
        f'<?xml version="1.0"?>\n<files><file>{base64.b64encode(GZ).decode()}</file></files>',
        f"see data:application/gzip;base64,{base64.b64encode(GZ).decode()} of yesterday\n",
    ],
)
def test_a_report_is_found_in_texts_that_begin_with_a_bracket_and_in_wrappers(text: str) -> None:
    reports, problems = _read(text.encode())
    assert [each.replace(b"\\n", b"\n").partition(b"<feedback>")[2].split() for each in reports] == [
        XML.partition(b"<feedback>")[2].split()
    ]
    assert problems == []


@pytest.mark.parametrize(
    "wrapped",
    [
        json.dumps({"notificationType": "Received", "content": MAIL.decode()}),
        json.dumps({"Type": "Notification", "Message": json.dumps({"content": MAIL.replace(b"\n", b"\r\n").decode()})}),
        json.dumps({"Message": json.dumps({"content": base64.b64encode(MAIL).decode()})}),
        json.dumps([{"name": "a.gz", "content": B64}, {"name": "b"}]).replace("/", "\\/"),
        json.dumps({"report": XML.decode()}),
    ],
)
def test_what_a_mail_service_wraps_in_json_is_looked_into(wrapped: str) -> None:
    assert _read(wrapped.encode()) == ONE


def test_sentences_in_json_are_no_parts() -> None:
    sentence = "This is a sentence that is longer than what is looked at, of which there may be any number. " * 2
    assert _read(json.dumps([sentence] * 3000).encode()) == ([], [Reason.OTHER_JSON])


@pytest.mark.parametrize(("layers", "expected"), [(3, ONE), (4, ([], [Reason.TOO_DEEP, Reason.OTHER_JSON]))])
def test_json_in_base64_in_json_is_followed_to_the_depth_and_no_further(
    layers: int, expected: tuple[list[bytes], list[str]]
) -> None:
    wrapped = MAIL.decode()
    for _ in range(layers):
        wrapped = base64.b64encode(json.dumps({"content": wrapped}).encode()).decode()
    assert _read(wrapped.encode()) == expected


@pytest.mark.parametrize(
    "content",
    [TLS.encode(), b"<!-- made by hand -->\n" + XML.partition(b"\n")[2], MAIL],
)
def test_base64_in_a_letter_is_told_by_however_a_report_may_begin(content: bytes) -> None:
    (payload,) = extract((LETTER + "Hello,\n\n").encode() * (content != MAIL) + base64.encodebytes(content)).payloads
    assert payload.data.strip() == (XML if content == MAIL else content).strip()


@pytest.mark.parametrize(
    "words", ["The file has a <feedback> element.", "&lt;feedback&gt; is its root.", "PGPKEYOFTHISREPORTERFORALLOFYOU"]
)
def test_a_letter_that_only_names_parts_of_a_report_loses_none(words: str) -> None:
    assert _read(multipart(part("text/plain", words), PACKED, content_type=MIXED)) == ONE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[EXTERNAL] Lunch?", Reason.OTHER_JSON),
        ('{"data": "SGVsbG8sIGhvdyBhcmUgeW91IHRvZGF5IGFuZCB0b21vcnJvdz8="}', Reason.OTHER_JSON),
        ("<html><p>H4sI is how gzip begins in base64</p></html>", Reason.HTML_PAGE),
    ],
)
def test_other_texts_of_this_kind_hold_none(text: str, reason: Reason) -> None:
    assert _read(text.encode()) == ([], [reason])


@pytest.mark.parametrize("before", [b"<br />\n<b>Warning</b>: Undefined index\n", b"<html>\n"])
def test_an_archive_behind_markup_that_a_server_printed_is_read(before: bytes) -> None:
    (payload,) = extract(before + GZ).payloads
    assert payload.data == XML
    assert [repair.code for repair in payload.repairs] == [RepairCode.TEXT_BEFORE_ARCHIVE]


def test_a_banner_in_markup_before_base64_is_passed_over() -> None:
    assert (
        _read(multipart(part("application/gzip", "<p>External</p>\n" + B64, encoding="base64"), content_type=MIXED))
        == ONE
    )


@pytest.mark.parametrize(
    "body",
    [
        "begin 644 a.gz\n"
        + "".join(binascii.b2a_uu(GZ[at : at + 45]).decode() for at in range(0, len(GZ), 45))
        + "`\nend\n",
        "data:application/gzip;base64," + base64.b64encode(GZ).decode() + "\n",
    ],
)
def test_a_body_that_claims_base64_and_is_uuencoded_or_an_address_with_data_is_read(body: str) -> None:
    assert _read(multipart(part("application/gzip", body, encoding="base64"), content_type=MIXED)) == ONE


def test_a_tls_report_in_quoted_printable_without_a_word_about_it_is_decoded() -> None:
    quoted = quopri.encodestring(TLS.encode()).decode()
    (payload,) = extract(multipart(part("application/tlsrpt+json", quoted), content_type=MIXED)).payloads
    assert json.loads(payload.data) == json.loads(TLS)
    assert [repair.code for repair in payload.repairs] == [RepairCode.TRANSFER_ENCODED]


def test_a_mail_of_which_nothing_could_be_taken_apart_is_looked_at_as_text() -> None:
    assert _read(b"From : a\n\n" + html.escape(XML.decode()).encode())[1] == []
