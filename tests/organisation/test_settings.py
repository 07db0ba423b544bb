"""The organisation's own settings: who changes them, what is refused, and what they do to reports that arrive afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import AuditEntry, Organisation
from tests.exceptions.cast import Cast, a_cast
from tests.exceptions.pages import as_person, field_errors

PATH = "/organisation/settings/"
GIVEN = {
    "name": "Example Inc.",
    "own_reporters": "mx.example.com\r\n\r\n Gateway \nmx.example.com",
    "mailbox_reporters": "",
}


@pytest.fixture
def cast(db: None) -> Cast:
    return a_cast()


def test_only_administrators_see_and_change_them(cast: Cast) -> None:
    for person in (cast.ann, cast.bob, cast.dan, cast.eve):
        client = as_person(person)
        assert [client.get(PATH).status_code, client.post(PATH, GIVEN).status_code] == [403, 403]
    assert Organisation.objects.get().name == "Ours"


def test_too_long_and_too_many_reporters_and_no_name_are_refused(cast: Cast) -> None:
    client = as_person(cast.cy)
    many = "\n".join(f"mx{number}.example" for number in range(201))
    answer = client.post(PATH, {"name": " ", "own_reporters": many, "mailbox_reporters": "x" * 321})
    assert answer.status_code == 422
    assert field_errors(answer) == {
        "name": ["This field is required."],
        "own_reporters": ["Name at most 200 reporters."],
        "mailbox_reporters": ["A name has at most 320 characters; write one a line."],
    }
    assert AuditEntry.objects.count() == 0


def test_each_reporter_is_kept_once_and_the_change_is_in_the_audit_log(cast: Cast) -> None:
    client = as_person(cast.cy)
    assert client.post(PATH, GIVEN).status_code == 302
    organisation = Organisation.objects.get()
    assert (organisation.name, organisation.own_reporters) == ("Example Inc.", ["mx.example.com", "Gateway"])
    (entry,) = AuditEntry.objects.all()
    assert (entry.action, entry.actor_name, entry.object_label) == (
        "organisation.settings.changed",
        "Cy",
        "Example Inc.",
    )
    assert entry.data == {
        "name": {"before": "Ours", "after": "Example Inc."},
        "own_reporters": {"before": [], "after": ["mx.example.com", "Gateway"]},
    }


def test_the_form_shows_what_is_set_and_saving_it_unchanged_notes_nothing(cast: Cast) -> None:
    client = as_person(cast.cy)
    client.post(PATH, GIVEN)
    form = client.get(PATH).context["form"]
    shown = {name: form[name].value() for name in GIVEN}
    assert shown == {"name": "Example Inc.", "own_reporters": "mx.example.com\nGateway", "mailbox_reporters": ""}
    client.post(PATH, shown)
    assert AuditEntry.objects.count() == 1


def test_new_trusted_servers_ask_for_a_new_judgement_and_the_page_says_so(cast: Cast) -> None:
    client = as_person(cast.cy)
    client.post(PATH, GIVEN)
    assert Organisation.objects.get().servers_changed_at is None
    assert "are being judged again" not in client.get(PATH).content.decode()
    client.post(PATH, GIVEN | {"trusted_authserv_ids": "mx.example.com"})
    assert Organisation.objects.get().servers_changed_at is not None
    assert "are being judged again" in client.get(PATH).content.decode()
    data = AuditEntry.objects.latest("pk").data
    assert data["trusted_authserv_ids"] == {"before": [], "after": ["mx.example.com"]}
    assert data["judged_again_since"] == (timezone.now() - timedelta(days=30)).date().isoformat()
