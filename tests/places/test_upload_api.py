"""The HTTPS upload API: who may bring files, what each request is told, and that a token is shown once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.utils import timezone

from reports.ingest.upload_tokens import REQUESTS_PER_MINUTE, make_token
from reports.models import AuditEntry, Message, Organisation, UploadToken
from reports.viewer import Viewer
from reports.vocabulary import Role
from tests.reports.pages import logged_in, words
from tests.reports.samples import GZ, XML, report_mail
from tests.reports.stored import NOW, make_organisation

pytestmark = pytest.mark.django_db
API, PAGE = "/api/reports/", "/ingestion/tokens/"


@pytest.fixture
def ours() -> Organisation:
    return make_organisation("ours")


def a_token(organisation: Organisation, name: str = "gateway") -> tuple[UploadToken, str]:
    viewer = Viewer(
        user_id=None, user_name="test", organisation_id=organisation.pk, organisation_name="", is_demo=False,
        role=Role.ADMINISTRATOR,
    )  # fmt: skip
    return make_token(viewer=viewer, name=name, at=NOW)


@pytest.fixture
def secret(ours: Organisation) -> str:
    return a_token(ours)[1]


def send(secret: str, data: Any = XML, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {secret}"} | more.pop("headers", {})
    return Client(enforce_csrf_checks=True).post(
        API, data, **({"content_type": "application/xml"} | more), headers=headers
    )


def error(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


# --- Refusals ---------------------------------------------------------------------------------------------------------


def test_a_form_of_thousands_of_fields_is_refused_in_the_form_of_this_interface(secret: str) -> None:
    fields = {f"f{n}": "x" for n in range(1001)}
    assert error(send(secret, fields, content_type=MULTIPART_CONTENT)) == (413, "too_large")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic {}", "{}", "Bearer \udcff"])
def test_without_a_token_nothing_is_entered(secret: str, header: str) -> None:
    answer = Client().post(API, XML, content_type="application/xml", headers={"Authorization": header.format(secret)})
    assert error(answer) == (401, "unauthorised")
    assert answer["WWW-Authenticate"] == "Bearer"
    assert not Message.objects.exists()


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "x", "1e9"])
def test_a_length_that_is_no_number_is_no_fault_of_ours(secret: str, length: str) -> None:
    assert error(send(secret, headers={"Content-Length": length})) == (400, "no_file")


def test_a_session_opens_nothing(ours: Organisation) -> None:
    answer = logged_in(ours, Role.ADMINISTRATOR).post(API, XML, content_type="application/xml")
    assert error(answer) == (401, "unauthorised")


def test_a_revoked_token_is_void_at_once(ours: Organisation, secret: str) -> None:
    token = UploadToken.objects.get()
    logged_in(ours, Role.ADMINISTRATOR).post(f"{PAGE}{token.pk}/revoke/")
    assert error(send(secret)) == (401, "unauthorised")
    assert not Message.objects.exists()


def test_only_post_is_answered(secret: str) -> None:
    assert error(Client().get(API, headers={"Authorization": f"Bearer {secret}"})) == (405, "method_not_allowed")


def test_a_body_beyond_the_limit_is_refused_unread(secret: str, settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES = 100
    assert error(send(secret)) == (413, "too_large")
    file = SimpleUploadedFile("a.xml", XML)
    assert error(Client().post(API, {"file": file}, headers={"Authorization": f"Bearer {secret}"})) == (
        413,
        "too_large",
    )
    assert not Message.objects.exists()


def test_a_request_without_a_file_is_told_so(secret: str) -> None:
    assert error(send(secret, b"")) == (400, "no_file")
    assert error(Client().post(API, {"a": "b"}, headers={"Authorization": f"Bearer {secret}"})) == (400, "no_file")
    broken = send(secret, b"--x\r\nbroken", content_type="multipart/form-data")
    assert error(broken) == (400, "unreadable_body")


def test_more_requests_in_a_minute_than_allowed_are_put_off(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now().replace(second=1)
    monkeypatch.setattr("reports.views.api.timezone.now", lambda: now)
    UploadToken.objects.update(minute=now.replace(second=0, microsecond=0), requests=REQUESTS_PER_MINUTE - 1)
    assert send(secret).status_code == 200
    late = send(secret)
    assert (error(late), late["Retry-After"]) == ((429, "too_often"), "60")
    monkeypatch.setattr("reports.views.api.timezone.now", lambda: now + timedelta(minutes=1))
    assert send(secret).status_code == 200


def test_without_a_database_the_sender_is_to_come_again(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr("reports.views.api.use_token", gone)
    answer = send(secret)
    assert (error(answer), answer["Retry-After"]) == ((503, "unavailable"), "60")


def test_a_token_brings_files_into_its_own_organisation_alone(ours: Organisation, secret: str) -> None:
    theirs = make_organisation("theirs")
    send(secret)
    assert [message.organisation for message in Message.objects.all()] == [ours]
    assert (
        logged_in(theirs, Role.ADMINISTRATOR).post(f"{PAGE}{UploadToken.objects.get().pk}/revoke/").status_code == 404
    )


# --- Answers ----------------------------------------------------------------------------------------------------------


def test_a_raw_body_is_one_file_and_its_end_is_told(secret: str) -> None:
    answer = send(secret, GZ, content_type="application/gzip", headers={"X-Filename": "report.xml.gz"})
    (file,) = answer.json()["files"]
    assert (answer.status_code, file["name"], file["outcome"], file["reason"]) == (200, "report.xml.gz", "stored", "")
    (report,) = file["reports"]
    assert (report["kind"], report["domain"], report["report_id"]) == ("aggregate", "example.com", "r-1")
    message = Message.objects.get()
    assert (message.channel, message.filename, message.outcome) == ("api", "report.xml.gz", "stored")


def test_each_file_of_a_form_is_told_by_itself_and_nothing_counts_twice(secret: str) -> None:
    files = [SimpleUploadedFile("a.xml", XML), SimpleUploadedFile("b.eml", report_mail((XML, "a.xml")).as_bytes()),
             SimpleUploadedFile("c.txt", b"no report")]  # fmt: skip
    answer = Client().post(API, {"file": files}, headers={"Authorization": f"Bearer {secret}"})
    assert [(file["name"], file["outcome"]) for file in answer.json()["files"]] == [
        ("a.xml", "stored"),
        ("b.eml", "duplicate"),
        ("c.txt", "not_a_report"),
    ]
    assert [file["outcome"] for file in send(secret).json()["files"]] == ["duplicate"]


# --- Tokens -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_administrators_make_tokens(ours: Organisation, role: Role) -> None:
    assert logged_in(ours, role).post(PAGE, {"name": "gateway"}).status_code == 403
    assert not UploadToken.objects.exists()


@pytest.fixture
def made(ours: Organisation) -> Iterator[tuple[Client, str]]:
    client = logged_in(ours, Role.ADMINISTRATOR)
    page = client.post(PAGE, {"name": "gateway"})
    yield client, next(word for word in words(page).split() if word.startswith("sekimori_"))


def test_a_token_is_shown_once_kept_as_a_hash_and_written_down(made: tuple[Client, str]) -> None:
    client, secret = made
    assert send(secret).status_code == 200
    token = UploadToken.objects.get()
    assert secret.encode() not in bytes(token.token_sha256)
    assert token.last_used_at is not None
    assert secret not in client.get(PAGE).content.decode()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_label) == ("reports.upload_token.made", "gateway")
    assert secret not in json.dumps(entry.data)


def test_a_name_in_use_is_not_given_again(made: tuple[Client, str]) -> None:
    client, _ = made
    answer = client.post(PAGE, {"name": "gateway"})
    assert (answer.status_code, UploadToken.objects.count()) == (422, 1)
    assert "Another token in use has this name." in words(answer)
    client.post(f"{PAGE}{UploadToken.objects.get().pk}/revoke/")
    assert client.post(PAGE, {"name": "gateway"}).status_code == 200
    assert list(AuditEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "reports.upload_token.made", "reports.upload_token.revoked", "reports.upload_token.made",
    ]  # fmt: skip
