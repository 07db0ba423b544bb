"""After a rotation the newest key opens everything and the old one nothing; a run that was ended goes on."""

from __future__ import annotations

from collections import Counter

import pytest
from django.core.management import CommandError, call_command

from dmarcsite.env import keys_from, new_key
from dmarcsite.safekeeping import sealed
from dmarcsite.safekeeping.sealed import COLUMNS, key_uses, reseal_all
from reports.ingest.raw import bytes_of
from reports.models import Mailbox, Message
from reports.sealing import Purpose, SealBroken, seal, unseal
from tests.reports.samples import failure_mail
from tests.reports.stored import make_organisation, record, report, upload

OLD, NEW = keys_from(new_key())[0], keys_from(new_key())[0]


def test_every_purpose_of_a_seal_has_its_column() -> None:
    assert Counter(column.purpose for column in COLUMNS).keys() == set(Purpose)


@pytest.fixture
def stored(db: None, settings: pytest.FixtureRequest) -> list[bytes]:
    """A failure report, three aggregate reports and a mailbox, sealed with the old key; the value is the raw bytes."""
    settings.SEKIMORI_ENCRYPTION_KEYS = [OLD]  # type: ignore[attr-defined]
    organisation = make_organisation()
    sent = [report(record(), report_id=f"r-{number}") for number in range(3)] + [failure_mail()]
    for data in sent:
        upload(data, organisation=organisation)
    Mailbox.objects.create(
        organisation=organisation, name="Reports",
        secret=seal(b"secret", purpose=Purpose.MAILBOX_LOGIN),
    )  # fmt: skip
    return sent


def test_a_missing_key_is_told_and_nothing_changes(stored: list[bytes], settings: pytest.FixtureRequest) -> None:
    settings.SEKIMORI_ENCRYPTION_KEYS = [NEW]  # type: ignore[attr-defined]
    before = key_uses()
    assert {use.is_known for use in before} == {False}
    with pytest.raises(CommandError, match="add that key at the end"):
        call_command("rotate_keys")
    assert key_uses() == before


def test_everything_is_sealed_anew_and_opens_without_the_old_key(
    stored: list[bytes], settings: pytest.FixtureRequest
) -> None:
    settings.SEKIMORI_ENCRYPTION_KEYS = [NEW, OLD]  # type: ignore[attr-defined]
    call_command("rotate_keys")
    settings.SEKIMORI_ENCRYPTION_KEYS = [NEW]  # type: ignore[attr-defined]
    assert {use.is_known for use in key_uses()} == {True}
    assert [bytes_of(each.raw) for each in Message.objects.select_related("raw").order_by("pk") if each.raw] == stored
    assert unseal(Mailbox.objects.get().secret, purpose=Purpose.MAILBOX_LOGIN) == b"secret"
    settings.SEKIMORI_ENCRYPTION_KEYS = [OLD]  # type: ignore[attr-defined]
    with pytest.raises(SealBroken):
        unseal(Mailbox.objects.get().secret, purpose=Purpose.MAILBOX_LOGIN)


def test_a_rotation_that_was_ended_goes_on_with_what_is_left(
    stored: list[bytes], settings: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "BATCH", 1)
    settings.SEKIMORI_ENCRYPTION_KEYS = [NEW, OLD]  # type: ignore[attr-defined]
    total = sum(use.values for use in key_uses())
    steps: list[int] = []

    def until_the_third(done: int) -> None:
        steps.append(done)
        if len(steps) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reseal_all(told=until_the_third)
    assert reseal_all(told=lambda done: None) == total - 3
    assert reseal_all(told=lambda done: None) == 0


def test_show_names_each_key_and_how_much_it_sealed(
    stored: list[bytes], settings: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.SEKIMORI_ENCRYPTION_KEYS = [NEW, OLD]  # type: ignore[attr-defined]
    call_command("rotate_keys", "--show")
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert {(purpose, state, count) for purpose, _, state, count in lines} == {
        ("mailbox login", "known", "1"),
        ("raw message", "known", "4"),
        ("failure details", "known", "1"),
        ("failure sample", "known", "1"),
    }
