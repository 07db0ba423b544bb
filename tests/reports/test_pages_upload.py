"""The upload page: whatever is sent, each file ends with a sentence, and nothing is a fault of the server."""

from __future__ import annotations

import gzip
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from reports.models import AggregateReport, Message, Organisation
from reports.vocabulary import Role
from tests.reports.pages import document, logged_in, words
from tests.reports.samples import GZ, XML, failure_mail, report_mail, zipped
from tests.reports.stored import record, report

ROLE = Role.ANALYST
pytestmark = pytest.mark.django_db


def send(client: Client, *files: tuple[str, bytes], **fields: Any) -> Any:
    return client.post("/upload/", {"file": [SimpleUploadedFile(name, data) for name, data in files], **fields})


def results(response: Any) -> list[str]:
    rows = document(response).xpath("//section[@role='status']//tbody/tr")
    return [" ".join(" ".join(row.itertext()).split()) for row in rows]


# --- Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_who_may_not_upload_cannot(ours: Organisation, role: Role) -> None:
    client = logged_in(ours, role)
    assert (client.get("/upload/").status_code, send(client, ("report.xml", XML)).status_code) == (403, 403)
    assert not Message.objects.exists()


def test_a_form_without_its_token_is_refused(ours: Organisation, client: Client) -> None:
    client.handler.enforce_csrf_checks = True
    assert send(client, ("report.xml", XML)).status_code == 403
    assert not Message.objects.exists()


def test_a_stranger_sends_nothing(settings: Settings) -> None:
    assert send(Client(), ("report.xml", XML))["Location"] == "/accounts/login/?next=/upload/"


def test_without_a_file_the_form_says_so(client: Client) -> None:
    answer = client.post("/upload/", {"is_dry_run": "on"})
    assert (answer.status_code, "This field is required." in words(answer)) == (422, True)


def test_a_request_beyond_the_limit_is_refused_before_it_is_read(client: Client, settings: Settings) -> None:
    settings.UPLOAD_LIMIT_BYTES = 1000
    answer = send(client, ("report.xml", b"x" * (1 << 21)))
    assert answer.status_code == 413
    assert "so none was read" in words(answer)


def test_a_file_beyond_the_limit_is_refused_by_itself(client: Client, settings: Settings) -> None:
    settings.UPLOAD_LIMIT_BYTES = len(XML)
    refused, stored = results(send(client, ("large.xml", XML + b" "), ("report.xml", XML)))
    assert "Refused It holds more than 0 MiB" in refused
    assert "Stored" in stored


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data"),
        (b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nbroken", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nno file\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (b"file=x", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"\xff\xfe", "text/plain; charset=nonsense"),
    ],
)  # fmt: skip
def test_a_malformed_request_is_the_senders_fault(client: Client, body: bytes, content_type: str) -> None:
    assert client.generic("POST", "/upload/", body, content_type).status_code in (200, 400, 422)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.xml", b"", "Refused It is empty."),
        ("zeros.bin", b"\0" * 5000, "Refused It is empty."),
        ("cut.gz", GZ[:30], "Refused"),
        ("cut.zip", zipped(("a.xml", XML))[:-30], "Stored"),
        ("page.html", b"<!DOCTYPE html><html></html>", "Not a report It is a web page"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "Not a report It is a picture"),
        ("entities.xml", b'<!DOCTYPE f [<!ENTITY a "b">]><feedback>&a;</feedback>', "Refused It defines XML entities"),
        ("bomb.gz", gzip.compress(b"<feedback>" + b" " * (40 << 20)), "Refused It unpacks to more than 500 times its size"),
        ("x.7z", b"7z\xbc\xaf\x27\x1c" + b"\0" * 50, "Refused The archive is of a kind that is not unpacked here."),
        ("../../etc/passwd", b"x", "Not a report"),
        ("a" * 400 + ".xml", XML, "Stored"),
        ("\u202egnp.lmx", XML, "Stored"),
    ],
)  # fmt: skip
def test_each_file_ends_with_a_sentence(client: Client, name: str, data: bytes, said: str) -> None:
    answer = send(client, (name, data))
    assert answer.status_code == 200
    (row,) = results(answer)
    assert said in row


# --- What is taken ----------------------------------------------------------------------------------------------------


def test_several_files_each_with_its_result_and_a_link_to_its_report(client: Client, ours: Organisation) -> None:
    answer = send(client, ("report.xml", XML), ("again.xml.gz", GZ), ("failure.eml", failure_mail()))
    first, second, third = results(answer)
    one = AggregateReport.objects.get()
    assert "Stored" in first and "Aggregate example.com Receiver Example · 14 Nov 2023 · 1 record · 2 messages" in first
    assert "Duplicate Every report in it is stored already" in second
    assert "Failure example.com r…s@receiver.example" in third
    assert len(document(answer).xpath(f"//main//a[@href='/reports/{one.pk}/']")) == 2
    assert list(Message.objects.order_by("pk").values_list("channel", "uploaded_by__name", "filename")) == [
        ("upload", "Analyst", "report.xml"), ("upload", "Analyst", "again.xml.gz"), ("upload", "Analyst", "failure.eml"),
    ]  # fmt: skip


def test_another_report_of_the_same_name_is_called_conflicting(client: Client) -> None:
    files = [("first.xml", report(record(count=2))), ("second.xml", report(record(count=3)))]
    first, second = results(send(client, *files))
    assert ["conflicting" in each for each in (first, second)] == [True, True]
    assert "conflicting" not in results(send(client, ("third.xml", report(record(), report_id="r-3"))))[0]


def test_an_mbox_is_one_file_with_all_its_mails(client: Client) -> None:
    mbox = BytesIO()
    for number in range(3):
        mail = report_mail((report(record(), report_id=f"r-{number}"), "report.xml"))
        mbox.write(b"From x Tue Nov 14 22:13:20 2023\n" + mail.as_bytes() + b"\n")
    (row,) = results(send(client, ("reports.mbox", mbox.getvalue())))
    assert row.count("Aggregate") == 3
    assert AggregateReport.objects.count() == 3


def test_a_letter_among_the_reports_of_an_mbox_is_no_reason(client: Client) -> None:
    mails = (report_mail((XML, "report.xml")).as_bytes(), b"From: a@example.com\nSubject: lunch\n\nAt noon?\n")
    box = b"".join(b"From x Tue Nov 14 22:13:20 2023\n" + mail + b"\n" for mail in mails)
    (row,) = results(send(client, ("reports.mbox", box)))
    assert "Stored" in row and "No report is in it" not in row


def test_a_trial_tells_the_same_and_stores_nothing(client: Client) -> None:
    answer = send(client, ("report.xml", XML), ("again.xml", XML), is_dry_run="on")
    assert "What would happen" in words(answer)
    first, second = results(answer)
    assert "Stored" in first and "Duplicate" in second
    assert not Message.objects.exists()
    (box,) = document(answer).xpath("//input[@name='is_dry_run']")
    assert box.get("checked") is not None


def test_the_limits_are_printed(client: Client) -> None:
    assert "64.0 MB and 200 files" in words(client.get("/upload/")).replace("\xa0", " ")
