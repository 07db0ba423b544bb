"""The forms of the kinds of places: chosen first, filled in, tried step by step; without JavaScript."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from reports.forms.mailbox_kinds import FORMS
from reports.ingest.places.registry import KINDS
from reports.ingest.places.secrets import secret_of
from reports.models import AuditEntry, Mailbox, Organisation
from reports.sentences.mailboxes import PLACE_KINDS
from reports.vocabulary import PlaceKind, Role
from tests.mailhost.certificates import Authority
from tests.reports.pages import document, logged_in, words
from tests.reports.stored import make_organisation

pytestmark = pytest.mark.django_db
NEW = "/ingestion/mailboxes/new/"
S3 = {
    "name": "Bucket", "bucket": "reports", "prefix": "inbound/", "region": "eu-central-1", "endpoint_url": "",
    "access_key": "AK", "password": "the secret", "handled_action": "flag", "refused_action": "leave",
    "handled_folder": "", "refused_folder": "", "interval_minutes": 15, "is_enabled": "on",
}  # fmt: skip
MAILDIR = {
    "name": "Dir", "path": "box", "handled_action": "flag", "handled_folder": "", "refused_action": "leave",
    "refused_folder": "", "interval_minutes": 15, "is_enabled": "on",
}  # fmt: skip


@pytest.fixture
def ours() -> Organisation:
    return make_organisation("ours")


@pytest.fixture
def client(ours: Organisation) -> Client:
    return logged_in(ours, Role.ADMINISTRATOR)


def errors(response: Any) -> list[str]:
    return [each.text_content().strip() for each in document(response).xpath("//*[@class='field-errors']/li")]


def steps(response: Any) -> list[str]:
    return [
        " ".join(" ".join(each.itertext()).split())
        for each in document(response).xpath("//section[@role='status']//li")
    ]


def test_every_kind_has_a_way_a_form_and_words() -> None:
    assert set(KINDS) == set(FORMS) == set(PLACE_KINDS) == set(PlaceKind)


def test_the_kind_is_chosen_first(client: Client) -> None:
    page = client.get(NEW)
    assert {link.get("href") for link in document(page).xpath("//ul//a[starts-with(@href, '?kind=')]")} == {
        f"?kind={kind}" for kind in PlaceKind
    }
    for kind in PlaceKind:
        assert client.get(f"{NEW}?kind={kind}").status_code == 200
    assert "Where do the reports arrive?" in words(client.get(f"{NEW}?kind=nonsense"))


@pytest.mark.parametrize(
    ("kind", "fields", "error"),
    [
        ("maildir", MAILDIR | {"handled_action": "move", "handled_folder": "../x"},
         "Name a folder directly below this one, without a slash and not beginning with a dot."),
        ("folder", MAILDIR | {"handled_action": "flag"},
         "Select a valid choice. flag is not one of the available choices."),
        ("s3", S3 | {"endpoint_url": "file:///etc"}, "Give an address that begins with https:// or http://."),
        ("s3", S3 | {"handled_action": "move", "handled_folder": "inbound"},
         "What is read lies below this prefix. Name another one."),
        ("s3", S3 | {"password": ""}, "This field is required."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_reason(
    client: Client, kind: str, fields: dict[str, Any], error: str
) -> None:
    answer = client.post(f"{NEW}?kind={kind}", fields)
    assert (answer.status_code, errors(answer)) == (422, [error])
    assert not Mailbox.objects.exists()


def test_a_bucket_is_saved_with_its_secret_sealed(client: Client) -> None:
    client.post(f"{NEW}?kind=s3", S3 | {"save": "1"})
    mailbox = Mailbox.objects.get()
    assert (mailbox.kind, mailbox.settings["bucket"], secret_of(mailbox)) == ("s3", "reports", "the secret")
    entry = AuditEntry.objects.get()
    assert (entry.data["place"], entry.data["bucket"]) == ("s3", "reports")
    assert "the secret" not in str(entry.data)
    assert "S3 bucket · reports/inbound/" in words(client.get("/ingestion/"))
    elsewhere = client.post(
        f"/ingestion/mailboxes/{mailbox.pk}/", S3 | {"password": "", "endpoint_url": "https://s3.example.net"}
    )
    assert [error.partition(":")[0] for error in errors(elsewhere)] == ["Enter the secret access key again"]


def test_the_authority_of_a_bucket_is_a_certificate_and_keeps_the_key_where_it_is(
    client: Client, tmp_path: Path
) -> None:
    refused = client.post(f"{NEW}?kind=s3", S3 | {"ca_certificate": "certainly", "save": "1"})
    assert errors(refused) == ["This is no certificate in PEM form. It runs from BEGIN CERTIFICATE to END CERTIFICATE."]
    pem = Authority(tmp_path).ca_file.read_text().strip()
    client.post(f"{NEW}?kind=s3", S3 | {"ca_certificate": pem.replace("\n", "\r\n"), "save": "1"})
    mailbox = Mailbox.objects.get()
    assert mailbox.settings["ca_certificate"] == pem
    changed = client.post(f"/ingestion/mailboxes/{mailbox.pk}/", S3 | {"password": "", "ca_certificate": ""})
    assert [error.partition(":")[0] for error in errors(changed)] == ["Enter the secret access key again"]


def test_an_mbox_can_only_be_left(client: Client, tmp_path: Path, settings: Any) -> None:
    settings.LOCAL_PLACES_ROOT = str(tmp_path)
    client.post(
        f"{NEW}?kind=mbox", {"name": "File", "path": "a.mbox", "interval_minutes": 15, "is_enabled": "on", "save": "1"}
    )
    mailbox = Mailbox.objects.get()
    assert (mailbox.handled_action, mailbox.refused_action, mailbox.settings) == ("leave", "leave", {"path": "a.mbox"})


def test_each_step_to_a_local_place_is_told(client: Client, tmp_path: Path, settings: Any) -> None:
    settings.LOCAL_PLACES_ROOT = ""
    off = steps(client.post(f"{NEW}?kind=maildir", MAILDIR | {"test": "1"}))
    assert off[0].startswith("fail Ask whether the path is allowed Files of this server are not read")
    assert off[1:] == ["– Open the folder not tried", "– Count the messages not tried"]
    settings.LOCAL_PLACES_ROOT = str(tmp_path)
    assert (
        "There is no such file or directory." in steps(client.post(f"{NEW}?kind=maildir", MAILDIR | {"test": "1"}))[1]
    )
    (tmp_path / "box").mkdir()
    assert "This is no Maildir" in steps(client.post(f"{NEW}?kind=maildir", MAILDIR | {"test": "1"}))[1]
    for part in ("cur", "new", "tmp"):
        (tmp_path / "box" / part).mkdir()
    good = steps(client.post(f"{NEW}?kind=maildir", MAILDIR | {"test": "1"}))
    assert [step.split()[0] for step in good] == ["pass"] * 3
    assert not Mailbox.objects.exists()
