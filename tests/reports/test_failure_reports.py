from __future__ import annotations

import base64
from dataclasses import replace
from ipaddress import ip_address

import pytest

from reports.dto import FailureReport, MailFacts, Payload
from reports.errors import Unreadable
from reports.ingest.extraction import extract
from reports.ingest.reading.failure import read_failure
from reports.ingest.reading.identity import failure_identity
from reports.vocabulary import Reason, RepairCode
from tests.reports.samples import FEEDBACK, SAMPLE, failure_mail, multipart, part

MIXED = "multipart/mixed"


def _read(mail: bytes) -> FailureReport:
    (payload,) = extract(mail).payloads
    assert payload.kind == "failure"
    return read_failure(payload)


def _codes(report: FailureReport) -> list[tuple[str, str]]:
    return [(repair.code, repair.place) for repair in report.repairs]


def _without(name: str, text: str = FEEDBACK) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(name))


def _refusal(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read_failure(Payload("failure", 0, data))
    return caught.value.code


def test_what_is_no_failure_report_is_refused() -> None:
    assert _refusal(b"") == Reason.FAILURE_UNREADABLE
    assert _refusal(b"From: a@example.com\nSubject: hello\n\nHello.\n") == Reason.FAILURE_UNREADABLE


def test_a_report_that_names_no_domain_is_refused() -> None:
    assert _refusal(failure_mail(feedback="Feedback-Type: auth-failure\n", sample=None)) == Reason.NO_DOMAIN


def test_a_whole_report_is_read_as_sent() -> None:
    report = _read(failure_mail())
    assert report == FailureReport(
        reporter="reports@receiver.example",
        reported_domain="example.com",
        arrived=1700000000,
        source_ip=ip_address("192.0.2.7"),
        header_from="example.com",
        subject="Grüße",
        original_mail_from="bounce@sender.example",
        original_rcpt_to=("one@receiver.example", "two@receiver.example"),
        original_envelope_id="env-1",
        sample_message_id="<sample-1@example.com>",
        auth_failure=("dmarc",),
        identity_alignment=("dkim", "spf"),
        delivery_result="reject",
        authentication_results="mx.receiver.example; dmarc=fail header.from=example.com",
        dkim_domain="example.com",
        dkim_selector="s1",
        spf_dns='txt : example.com : "v=spf1 -all"',
        user_agent="Receiver/1.0",
        incidents=3,
        headers_only=False,
        sample=report.sample,
        repairs=(),
    )
    assert report.sample.strip() == SAMPLE.strip().encode()


SHAPES = {
    "base64 fields": multipart(
        part("text/plain", "hello"),
        part("message/feedback-report", base64.encodebytes(FEEDBACK.encode()).decode(), encoding="base64"),
        part("message/rfc822", SAMPLE),
        content_type=MIXED,
    ),
    "parts reversed": multipart(
        part("message/rfc822", SAMPLE), part("message/feedback-report", FEEDBACK), part("text/plain", "x")
    ),
    "sample as attachment": multipart(
        part("message/feedback-report", FEEDBACK), part("application/octet-stream", SAMPLE)
    ),
    "sample in base64": multipart(
        part("message/feedback-report", FEEDBACK),
        part("message/rfc822", base64.encodebytes(SAMPLE.encode()).decode(), encoding="base64"),
    ),
    "message/global": multipart(part("message/feedback-report", FEEDBACK), part("message/global", SAMPLE)),
    "names in capitals, no space after the colon": failure_mail(
        feedback="".join(
            ":".join((name.upper(), rest.lstrip(" "))) if sep and name[0] != " " else line
            for line in FEEDBACK.splitlines(keepends=True)
            for name, sep, rest in [line.partition(":")]
        )
    ),
    "CRLF": failure_mail().replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_says_the_same(shape: str) -> None:
    report = _read(SHAPES[shape])
    assert replace(report, sample=b"") == replace(_read(failure_mail()), sample=b"")


def test_a_report_with_headers_only() -> None:
    report = _read(failure_mail(sample=SAMPLE.partition("\n\n")[0] + "\n", sample_type="text/rfc822-headers"))
    assert (report.headers_only, report.subject, report.repairs) == (True, "Grüße", ())


def test_a_report_without_sample_is_read_from_its_fields() -> None:
    report = _read(failure_mail(sample=None))
    assert (report.sample, report.headers_only, report.header_from, report.subject) == (b"", True, "example.com", "")
    assert _codes(report) == [(RepairCode.SAMPLE_MISSING, "")]


def test_a_sample_behind_the_fields_in_their_own_part_is_found() -> None:
    whole = _read(failure_mail())
    for report in (
        _read(failure_mail(feedback=FEEDBACK + "\n" + SAMPLE, sample=None)),
        replace(_read((FEEDBACK + "\n" + SAMPLE).encode()), reporter=whole.reporter),
    ):
        assert replace(report, sample=b"") == replace(whole, sample=b"")
        assert report.sample.strip() == SAMPLE.encode().strip()


def test_words_behind_the_fields_are_no_sample() -> None:
    report = _read(failure_mail(feedback=FEEDBACK + "\nThis is all.\n", sample=None))
    assert (report.sample, report.headers_only) == (b"", True)


def test_headers_under_a_type_of_their_own() -> None:
    report = _read(failure_mail(sample=SAMPLE.partition("\n\n")[0] + "\n", sample_type="message/rfc822-headers"))
    assert (report.headers_only, report.subject, report.repairs) == (True, "Grüße", ())


def test_bare_fields_without_a_mail_are_a_report_too() -> None:
    report = _read(FEEDBACK.encode())
    assert (report.reported_domain, report.source_ip, report.reporter) == ("example.com", ip_address("192.0.2.7"), "")


@pytest.mark.parametrize(
    ("sent", "address", "code"),
    [
        ("192.0.2.9 (host.example)", "192.0.2.9", RepairCode.ADDRESS_REWRITTEN),
        ("[2001:db8::9]", "2001:db8::9", RepairCode.ADDRESS_REWRITTEN),
        ("\n 192.0.2.9", "192.0.2.9", None),
        ("unknown", "192.0.2.8", RepairCode.SOURCE_IP_ASSUMED),
    ],
)
def test_a_source_in_any_guise(sent: str, address: str, code: RepairCode | None) -> None:
    report = _read(failure_mail(feedback=FEEDBACK.replace("192.0.2.7", sent)))
    assert report.source_ip == ip_address(address)
    assert _codes(report) == ([(code, "source-ip")] if code else [])


def test_a_missing_source_is_taken_from_the_topmost_received_line_or_stays_unknown() -> None:
    assert _read(failure_mail(feedback=_without("Source-IP"))).source_ip == ip_address("192.0.2.8")
    report = _read(failure_mail(feedback=_without("Source-IP"), sample=_without("Received", SAMPLE)))
    assert report.source_ip is None
    assert _codes(report) == [(RepairCode.SOURCE_IP_MISSING, "source-ip")]


def test_a_missing_arrival_is_the_date_of_the_mail_or_unknown() -> None:
    mail = failure_mail(feedback=_without("Arrival-Date"))
    report = _read(mail)
    assert report.arrived == 1700000100
    assert _codes(report) == [(RepairCode.ARRIVAL_DATE_ASSUMED, "arrival-date")]
    assert read_failure(Payload("failure", 0, mail, mail=MailFacts())).arrived is None


@pytest.mark.parametrize(
    "date",
    [
        "Tue, 14 Nov 2023 17:13:20 EST",
        "14 Nov 2023 22:13:20 GMT",
        "2023-11-14T22:13:20Z",
        "Wed, 15 Nov 2023 07:13:20 JST",
        "Tue, 14 Nov 2023 23:13:20 CET",
        "Wed, 15 Nov 2023 00:13:20 CEST",
        "Wed, 15 Nov 2023 01:13:20 MSK",
        "Wed, 15 Nov 2023 07:13:20 +0900 (JST)",
    ],
)
def test_an_arrival_in_any_guise(date: str) -> None:
    report = _read(failure_mail(feedback=FEEDBACK.replace("Tue, 14 Nov 2023 22:13:20 +0000", date)))
    assert (report.arrived, report.repairs) == (1700000000, ())


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252"])
def test_a_subject_in_8bit_is_read(encoding: str) -> None:
    sample = SAMPLE.replace("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße").encode(encoding)
    mail = failure_mail(sample="@").replace(b"@\n--", sample + b"\n--")
    assert _read(mail).subject == "Grüße"


def test_received_date_is_the_old_name_of_arrival_date() -> None:
    assert _read(failure_mail(feedback=FEEDBACK.replace("Arrival-Date", "Received-Date"))).arrived == 1700000000


@pytest.mark.parametrize(
    ("sent", "failed"),
    [("none", ()), ("dkim", ("dkim",)), ("SPF , dkim (both)", ("spf", "dkim")), ("spf,dkim", ("spf", "dkim"))],
)
def test_identity_alignment_lists_what_failed(sent: str, failed: tuple[str, ...]) -> None:
    report = _read(failure_mail(feedback=FEEDBACK.replace("dkim, spf", sent)))
    assert (report.identity_alignment, report.repairs) == (failed, ())


def test_required_fields_that_are_missing_are_named() -> None:
    report = _read(failure_mail(feedback=_without("Auth-Failure", _without("Identity-Alignment"))))
    assert (report.auth_failure, report.identity_alignment) == ((), ())
    assert _codes(report) == [
        (RepairCode.AUTH_FAILURE_MISSING, "auth-failure"),
        (RepairCode.IDENTITY_ALIGNMENT_MISSING, "identity-alignment"),
    ]


def test_a_missing_domain_is_that_of_the_sample() -> None:
    report = _read(failure_mail(feedback=_without("Reported-Domain")))
    assert report.reported_domain == "example.com"
    assert _codes(report) == [(RepairCode.REPORTED_DOMAIN_ASSUMED, "reported-domain")]


def test_a_field_that_must_not_repeat_counts_once_and_is_named() -> None:
    report = _read(failure_mail(feedback=FEEDBACK + "Delivery-Result: spam\nAuthentication-Results: second\n"))
    assert report.delivery_result == "reject"
    assert report.authentication_results.splitlines()[1:] == ["second"]
    assert _codes(report) == [(RepairCode.REPEATED_FIELD, "delivery-result")]


@pytest.mark.parametrize(
    ("sent", "incidents"), [("3 (many)", 3), ("0", 1), ("-1", 1), ("x", 1), ("9" * 400, 2**31 - 1), ("", 1)]
)
def test_incidents_are_bounded(sent: str, incidents: int) -> None:
    assert _read(failure_mail(feedback=FEEDBACK.replace("Incidents: 3", f"Incidents: {sent}"))).incidents == incidents


def test_several_dkim_domains_and_free_words() -> None:
    fields = FEEDBACK.replace("DKIM-Domain: example.com", "DKIM-Domain: a.example; b.example").replace(
        "reject", "smg-policy-action"
    )
    report = _read(failure_mail(feedback=fields))
    assert (report.dkim_domain, report.delivery_result) == ("a.example", "smg-policy-action")


PLAIN = """A message claiming to be from you has failed the published DMARC policy for your domain.

  Sender Domain: example.com
  Sender IP Address: 192.0.2.7
  Received Date: Tue, 14 Nov 2023 22:13:20 +0000
  SPF Alignment: no
  DKIM Alignment: yes
  DMARC Results: None, Accept

------ This is a copy of the headers that were received before the error was detected.

"""


@pytest.mark.parametrize("encoding", ["7bit", "quoted-printable", "base64"])
def test_a_report_in_running_text(encoding: str) -> None:
    text = PLAIN + SAMPLE.partition("\n\n")[0]
    if encoding != "7bit":
        text = (
            base64.encodebytes(text.encode()).decode()
            if encoding == "base64"
            else text.replace("=", "=3D").replace("failed the", "failed=\n the")
        )
    report = _read(multipart(part("text/plain", text, encoding=encoding), content_type="multipart/report"))
    assert (report.reported_domain, report.source_ip, report.arrived) == (
        "example.com",
        ip_address("192.0.2.7"),
        1700000000,
    )
    assert (report.identity_alignment, report.delivery_result, report.headers_only) == (("spf",), "delivered", True)
    assert (report.header_from, report.subject, report.sample_message_id) == (
        "example.com",
        "Grüße",
        "<sample-1@example.com>",
    )
    assert _codes(report) == [(RepairCode.FEEDBACK_PART_MISSING, "")]


def test_a_sample_that_parsedmarc_refuses_is_read_plainly() -> None:
    report = _read(failure_mail(sample=SAMPLE.replace("Somebody <somebody@example.com>", "")))
    assert report.header_from == "example.com"
    assert report.sample_message_id == "<sample-1@example.com>"


def test_the_same_report_has_the_same_identity_and_any_other_has_not() -> None:
    report = _read(failure_mail())
    assert failure_identity(report) == failure_identity(replace(report, subject="other", user_agent="other"))
    others: list[dict[str, object]] = [
        {"reporter": "other@receiver.example"},
        {"original_envelope_id": "env-2"},
        {"source_ip": ip_address("192.0.2.9")},
        {"arrived": 1700000001},
        {"reported_domain": "other.example"},
        {"sample": b"From: a@example.com\n\nforged"},
        {"auth_failure": ("spf",)},
        {"identity_alignment": ("spf",)},
        {"delivery_result": "delivered"},
        {"authentication_results": "mx.receiver.example; dmarc=pass"},
    ]
    assert len({failure_identity(report), *(failure_identity(replace(report, **other)) for other in others)}) == 11  # type: ignore[arg-type]


def test_line_ends_and_folding_of_the_sample_make_no_other_report() -> None:
    report = _read(failure_mail())
    folded = report.sample.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").rstrip() + b"\r\n\r\n"
    assert folded != report.sample
    assert failure_identity(report) == failure_identity(replace(report, sample=folded))


def test_without_ids_the_sample_tells_reports_apart() -> None:
    report = replace(_read(failure_mail()), original_envelope_id="", sample_message_id="")
    assert failure_identity(report) != failure_identity(replace(report, sample=b"other"))


def test_of_several_addresses_the_first_that_is_one_counts() -> None:
    report = _read(failure_mail(feedback=FEEDBACK.replace("Source-IP", "Source-IP: unknown\nSource-IP")))
    assert (report.source_ip, _codes(report)) == (ip_address("192.0.2.7"), [(RepairCode.REPEATED_FIELD, "source-ip")])


def test_fields_without_a_place_of_their_own_are_kept_but_for_the_body() -> None:
    others = (
        "DKIM-Identity: @example.com\nSource-Port: 4711\nDKIM-Canonicalized-Body: SGVsbG8u\nX-Own: one\nX-Own: two\n"
    )
    assert _read(failure_mail(feedback=FEEDBACK + others)).other_fields == (
        ("dkim-identity", "@example.com"), ("source-port", "4711"), ("x-own", "one"), ("x-own", "two"),
    )  # fmt: skip
    many = "".join(f"X-{number}: {'x' * 3000}\n" for number in range(60))
    kept = _read(failure_mail(feedback=FEEDBACK + many)).other_fields
    assert (len(kept), {len(value) for _, value in kept}) == (50, {2000})
