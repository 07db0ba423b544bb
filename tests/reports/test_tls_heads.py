from __future__ import annotations

import json

import pytest

from reports.dto import MailFacts, Payload, TlsReport
from reports.errors import Unreadable
from reports.ingest.reading.dispatch import read
from reports.vocabulary import Kind, Reason

WHOLE = {
    "organization-name": "Receiver",
    "report-id": "t-1",
    "date-range": {"start-datetime": "2023-11-14T22:13:20Z", "end-datetime": "2023-11-15T22:13:19Z"},
    "policies": [{"policy": {"policy-domain": "Example.com"}}, {"policy": {"policy-domain": "example.com"}}, {}, None],
}


def _payload(report: object) -> Payload:
    return Payload(Kind.TLS, 0, json.dumps(report).encode())


@pytest.mark.parametrize(
    ("data", "code"), [(b"{", Reason.NOT_JSON), (b"[]", Reason.OTHER_JSON), (b"\xff\xfe", Reason.NOT_JSON)]
)
def test_what_is_no_tls_report_is_refused(data: bytes, code: Reason) -> None:
    with pytest.raises(Unreadable) as caught:
        read(Payload(Kind.TLS, 0, data))
    assert caught.value.code == code


def test_the_head_of_a_tls_report() -> None:
    assert read(_payload(WHOLE)) == TlsReport("Receiver", "t-1", 1700000000, 1700086399, ("example.com",))


@pytest.mark.parametrize("policies", [None, {}, [], "x", [1, "x", {"policy": 3}]])
def test_odd_policies_cost_only_the_domains(policies: object) -> None:
    assert read(_payload(WHOLE | {"policies": policies})) == TlsReport("Receiver", "t-1", 1700000000, 1700086399, ())


def test_what_is_missing_is_taken_from_the_mail_or_is_unknown() -> None:
    mail = MailFacts("Report Domain: example.com Submitter: receiver.example Report-ID: <t-9>")
    assert read(Payload(Kind.TLS, 0, b"\xef\xbb\xbf{}", mail=mail)) == TlsReport(
        "receiver.example", "t-9", None, None, ("example.com",)
    )
    assert read(_payload({"organization-name": None, "date-range": []})) == TlsReport("", "", None, None, ())
