"""Bytes move between PostgreSQL and the bucket in both directions, and objects get new keys, however often that is ended."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dmarcsite.env import keys_from, new_key
from dmarcsite.safekeeping.sealed import key_uses, reseal_all
from reports.errors import RawStoreError
from reports.ingest import raw
from reports.ingest.raw import loose, moving, resealing
from reports.ingest.raw.bucket import Bucket
from reports.ingest.raw.ownership import OBJECT
from reports.models import LooseObject, Organisation, RawMessage
from reports.sealing import SealBroken
from tests.raw.conftest import Chest
from tests.raw.test_keeping import CONTENTS, name_of, names_of, take_in, tidy

pytestmark = pytest.mark.django_db
OLD, NEW = keys_from(new_key())[0], keys_from(new_key())[0]


@pytest.fixture
def in_rows(chest: Chest, organisation: Organisation, settings: Any) -> Chest:
    """Six mails in PostgreSQL, and settings that name the bucket first since then."""
    settings.RAW_INTO_BUCKET = False
    take_in(organisation, *CONTENTS)
    settings.RAW_INTO_BUCKET = True
    return chest


@pytest.fixture
def in_bucket(chest: Chest, organisation: Organisation, settings: Any) -> Chest:
    """Six mails in the bucket, and settings that name PostgreSQL first since then."""
    take_in(organisation, *CONTENTS)
    settings.RAW_INTO_BUCKET = False
    return chest


def all_bytes() -> list[bytes]:
    return [raw.bytes_of(row) for row in RawMessage.objects.order_by("pk")]


def move(*arguments: str) -> str:
    out = StringIO()
    call_command("move_raw", *arguments, stdout=out)
    return out.getvalue().strip()


def places() -> list[str]:
    return ["bucket" if row.sealed is None else "row" for row in RawMessage.objects.order_by("pk")]


def test_nothing_is_dropped_while_the_bucket_does_not_answer(in_rows: Chest) -> None:
    in_rows.door.puts_left = 3
    with pytest.raises(CommandError, match="unreachable"):
        move()
    assert places() == ["row"] * 6
    in_rows.door.open()
    assert move().startswith("6 mails were moved")


def test_a_bucket_that_gives_back_something_else_gets_nothing(in_rows: Chest, monkeypatch: pytest.MonkeyPatch) -> None:
    put = Bucket.put
    monkeypatch.setattr(
        Bucket, "put", lambda self, name, body: put(self, name, body if name == OBJECT else body[:-1] + b"\0")
    )
    with pytest.raises(CommandError, match="does not give back what was put there"):
        move()
    assert (places(), all_bytes()) == (["row"] * 6, CONTENTS)
    assert tidy(after=timedelta(days=2)) == 6


def test_an_object_that_is_damaged_stays_and_is_named(in_bucket: Chest, organisation: Organisation) -> None:
    in_bucket.write(name_of(organisation, CONTENTS[1]), b"damaged")
    in_bucket.remove(name_of(organisation, CONTENTS[4]))
    damaged = RawMessage.objects.order_by("pk").values_list("pk", flat=True)
    with pytest.raises(CommandError, match=f"2 mails stay where they are, .*: {damaged[1]}, {damaged[4]}$"):
        move()
    assert places() == ["row", "bucket", "row", "row", "bucket", "row"]


def test_into_the_bucket_and_back_again(in_rows: Chest, organisation: Organisation, settings: Any) -> None:
    before = list(RawMessage.objects.order_by("pk").values_list("pk", "sealed"))
    size = sum(map(len, CONTENTS))
    assert move("--dry-run") == f"6 mails ({size} bytes before compression) would move to {in_rows.name}."
    assert places() == ["row"] * 6
    assert move() == f"6 mails were moved to {in_rows.name}."
    assert (places(), all_bytes()) == (["bucket"] * 6, CONTENTS)
    assert sorted(in_rows.names()) == names_of(organisation, CONTENTS)
    assert LooseObject.objects.count() == 0
    assert move() == f"0 mails were moved to {in_rows.name}."

    settings.RAW_INTO_BUCKET = False
    assert move() == "6 mails were moved to PostgreSQL."
    assert [(pk, bytes(sealed or b"")) for pk, sealed in before] == [
        (row.pk, bytes(row.sealed or b"")) for row in RawMessage.objects.order_by("pk")
    ]
    assert (tidy(), in_rows.names()) == (6, [])


@pytest.mark.parametrize("place", ["in_rows", "in_bucket"])
def test_a_move_that_was_ended_goes_on_with_what_is_left(
    place: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    request.getfixturevalue(place)
    monkeypatch.setattr(moving, "TOGETHER", 2)
    assert next(moving.move_all()) == moving.Moved(2, 2)
    assert len(set(places())) == 2
    assert [part.moved for part in moving.move_all()] == [2, 2]
    assert (len(set(places())), all_bytes()) == (1, CONTENTS)


def test_large_mails_are_moved_few_at_a_time(in_rows: Chest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "BYTES_TOGETHER", 15)
    assert [part.moved for part in moving.move_all()] == [2, 2, 2]


def test_what_was_thrown_away_during_a_move_leaves_no_object(
    in_rows: Chest, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect = loose.expect

    def then_throw_away(names: list[str]) -> None:
        expect(names)
        raw.throw_away(RawMessage.objects.order_by("pk").values_list("pk", flat=True)[:1])

    monkeypatch.setattr(loose, "expect", then_throw_away)
    assert move() == f"5 mails were moved to {in_rows.name}."
    assert tidy(after=timedelta(days=2)) == 1
    assert sorted(in_rows.names()) == names_of(organisation, CONTENTS[1:])


# --- New keys -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def old(chest: Chest, organisation: Organisation, settings: Any) -> Chest:
    """Six mails in the bucket that the old key sealed, and settings that name a newer one first since then."""
    settings.SEKIMORI_ENCRYPTION_KEYS = [OLD]
    take_in(organisation, *CONTENTS)
    settings.SEKIMORI_ENCRYPTION_KEYS = [NEW, OLD]
    return chest


def test_a_missing_key_changes_nothing(old: Chest, settings: Any) -> None:
    settings.SEKIMORI_ENCRYPTION_KEYS = [NEW]
    with pytest.raises(SealBroken):
        reseal_all(told=lambda done: None)
    assert [(use.values, use.is_known) for use in key_uses()] == [(6, False)]


def test_objects_get_the_newest_key_and_open_without_the_old_one(old: Chest, settings: Any) -> None:
    assert [(str(use.purpose), use.values) for use in key_uses()] == [("raw message", 6)]
    assert reseal_all(told=lambda done: None) == 6
    assert reseal_all(told=lambda done: None) == 0
    settings.SEKIMORI_ENCRYPTION_KEYS = [NEW]
    assert (all_bytes(), len(old.names()), LooseObject.objects.count()) == (CONTENTS, 6, 0)
    assert [(use.values, use.is_known) for use in key_uses()] == [(6, True)]


def test_a_rotation_that_the_bucket_ends_goes_on(old: Chest, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resealing, "TOGETHER", 2)
    old.door.puts_left = 3
    with pytest.raises(RawStoreError):
        reseal_all(told=lambda done: None)
    assert all_bytes_with(old) == CONTENTS
    with pytest.raises(CommandError, match="Run this again"):
        old.door.is_shut = True
        call_command("rotate_keys")
    old.door.open()
    assert reseal_all(told=lambda done: None) == 4
    settings.SEKIMORI_ENCRYPTION_KEYS = [NEW]
    assert all_bytes() == CONTENTS


def all_bytes_with(chest: Chest) -> list[bytes]:
    chest.door.open()
    return all_bytes()


def test_a_damaged_object_holds_up_no_rotation_and_is_logged(
    old: Chest, organisation: Organisation, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    name = name_of(organisation, CONTENTS[2])
    old.remove(name)
    assert reseal_all(told=lambda done: None) == 5
    assert f"object {name} cannot be sealed anew: the object is gone" in caplog.text


# --- The check ----------------------------------------------------------------------------------------------------------


def check(*arguments: str) -> str:
    out = StringIO()
    with pytest.raises(CommandError, match="mails are gone or damaged"):
        call_command("check_raw", *arguments, stdout=out)
    return out.getvalue().strip()


def test_the_check_names_what_is_gone_and_when_it_reads_what_is_damaged(
    chest: Chest, organisation: Organisation
) -> None:
    take_in(organisation, *CONTENTS)
    out = StringIO()
    call_command("check_raw", "--read", stdout=out)
    assert out.getvalue() == "All 6 mails are there.\n"
    gone, damaged = (name_of(organisation, CONTENTS[number]) for number in (1, 4))
    chest.remove(gone)
    chest.write(damaged, b"damaged")
    assert check() == gone
    assert check("--read").splitlines() == [gone, damaged]
    chest.door.is_shut = True
    with pytest.raises(CommandError, match="unreachable"):
        call_command("check_raw")
