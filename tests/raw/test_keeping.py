"""Bytes of mails in a bucket: what is refused, what a crash leaves, and that a row never names what is not there."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from reports.errors import RawStoreError
from reports.ingest import ledger, raw
from reports.ingest.raw import loose, opening
from reports.ingest.raw.packing import pack
from reports.models import LooseObject, Message, Organisation, RawMessage
from reports.sealing import SealBroken
from reports.vocabulary import Channel, RawFault
from tests.raw.conftest import Chest
from tests.reports.stored import NOW, make_organisation, record, report, upload

pytestmark = pytest.mark.django_db
CONTENTS = [b"mail %d" % number for number in range(6)]


def take_in(organisation: Organisation, *contents: bytes) -> list[int]:
    arrivals = [ledger.Arrival(content, Channel.UPLOAD, NOW) for content in contents]
    return ledger.take_in(arrivals, organisation=organisation, at=NOW)


def name_of(organisation: Organisation, content: bytes) -> str:
    return f"{organisation.pk}/{hashlib.sha256(content).hexdigest()}"


def names_of(organisation: Organisation, contents: list[bytes]) -> list[str]:
    return sorted(name_of(organisation, content) for content in contents)


def tidy(*, after: timedelta = timedelta()) -> int:
    at = timezone.now() + after
    return loose.let_go(clock=lambda: at, until=at + timedelta(seconds=1))


def notes() -> list[str]:
    return sorted(LooseObject.objects.values_list("name", flat=True))


def refused(organisation: Organisation) -> str:
    """The code with which a batch is refused, of which then nothing is there."""
    with pytest.raises(RawStoreError) as caught:
        take_in(organisation, *CONTENTS)
    assert (Message.objects.count(), RawMessage.objects.count()) == (0, 0)
    return caught.value.code


# --- Refusals ---------------------------------------------------------------------------------------------------------


def test_a_bucket_that_is_not_there_takes_nothing(chest: Chest, organisation: Organisation, settings: Any) -> None:
    settings.RAW_BUCKET = chest.address._replace(name="no-such-bucket")
    assert refused(organisation) == RawFault.BUCKET_MISSING


def test_without_credentials_nothing_is_taken_and_later_ones_are_found(
    chest: Chest, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert refused(organisation) == RawFault.CREDENTIALS
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert len(take_in(organisation, *CONTENTS)) == 6


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ((403, "SignatureDoesNotMatch"), RawFault.CREDENTIALS),
        ((403, "AccessDenied"), RawFault.ACCESS_DENIED),
        ((503, "SlowDown"), RawFault.STORE_REFUSED),
        ((507, "XMinioStorageFull"), RawFault.STORE_REFUSED),
    ],
)
def test_what_the_store_refuses_with_is_told(
    chest: Chest, organisation: Organisation, answer: tuple[int, str], fault: RawFault
) -> None:
    chest.door.refuse_with = answer
    assert refused(organisation) == fault


def test_a_store_that_goes_away_within_a_batch_takes_nothing_and_then_everything(
    chest: Chest, organisation: Organisation
) -> None:
    chest.door.puts_left = 2
    assert refused(organisation) == RawFault.UNREACHABLE
    assert len(chest.names()) == 2
    assert notes() == names_of(organisation, CONTENTS)
    chest.door.open()
    assert len(take_in(organisation, *CONTENTS)) == 6
    assert sorted(chest.names()) == names_of(organisation, CONTENTS)
    assert notes() == []


def test_rows_in_a_bucket_that_is_no_longer_named_ask_for_its_name(
    chest: Chest, organisation: Organisation, settings: Any
) -> None:
    take_in(organisation, CONTENTS[0])
    settings.RAW_BUCKET, settings.RAW_INTO_BUCKET = None, False
    opening._opened.cache_clear()
    with pytest.raises(RawStoreError) as caught:
        raw.bytes_of(RawMessage.objects.get())
    assert caught.value.code == RawFault.BUCKET_NOT_NAMED


@pytest.mark.parametrize("columns", [{}, {"sealed": b"x", "object_key": "00000000"}])
def test_bytes_in_no_place_or_in_two_are_refused_by_the_database(
    organisation: Organisation, columns: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match="raw_message_in_one_place"), transaction.atomic():
        RawMessage.objects.create(organisation=organisation, sha256=b"h", size=1, **columns)


# --- What lies there is not trusted -------------------------------------------------------------------------------------


def flipped(body: bytes) -> bytes:
    return body[:-1] + bytes([body[-1] ^ 1])


@pytest.mark.parametrize("body", [b"", b"garbage", b"\x01" * 40, b"\x01" * 100_000])
def test_an_object_that_was_replaced_is_damaged(chest: Chest, organisation: Organisation, body: bytes) -> None:
    take_in(organisation, CONTENTS[0])
    chest.write(name_of(organisation, CONTENTS[0]), body)
    with pytest.raises(raw.RawDamaged):
        raw.bytes_of(RawMessage.objects.get())


def test_an_object_with_one_bit_turned_is_damaged_and_so_is_one_that_is_gone(
    chest: Chest, organisation: Organisation
) -> None:
    take_in(organisation, CONTENTS[0])
    name = name_of(organisation, CONTENTS[0])
    chest.write(name, flipped(chest.read(name)))
    with pytest.raises(raw.RawDamaged):
        raw.bytes_of(RawMessage.objects.get())
    chest.remove(name)
    with pytest.raises(raw.RawDamaged, match="gone"):
        raw.bytes_of(RawMessage.objects.get())


def test_the_object_of_another_organisation_in_its_place_is_not_read(chest: Chest, organisation: Organisation) -> None:
    other = make_organisation("other")
    take_in(organisation, b"ours")
    take_in(other, b"theirs")
    chest.write(name_of(organisation, b"ours"), chest.read(name_of(other, b"theirs")))
    with pytest.raises(raw.RawDamaged, match="other bytes"):
        raw.bytes_of(RawMessage.objects.get(organisation=organisation))


def test_an_object_whose_key_is_gone_is_not_called_damaged(
    chest: Chest, organisation: Organisation, settings: Any
) -> None:
    take_in(organisation, CONTENTS[0])
    settings.SEKIMORI_ENCRYPTION_KEYS = [b"n" * 32]
    with pytest.raises(SealBroken) as caught:
        raw.bytes_of(RawMessage.objects.get())
    assert type(caught.value) is SealBroken


# --- Crashes and tidying ------------------------------------------------------------------------------------------------


def crash(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.fixture
def crashed(chest: Chest, organisation: Organisation, monkeypatch: pytest.MonkeyPatch) -> Chest:
    """Objects were put, and the process died before the transaction that names them."""
    with monkeypatch.context() as patch:
        patch.setattr(raw, "keep_all", crash)
        with pytest.raises(KeyboardInterrupt):
            take_in(organisation, *CONTENTS)
    return chest


def test_what_a_crash_left_goes_a_day_later_and_not_before(crashed: Chest, organisation: Organisation) -> None:
    assert sorted(crashed.names()) == notes() == names_of(organisation, CONTENTS)
    assert RawMessage.objects.count() == 0
    assert tidy(after=timedelta(hours=23)) == 0
    assert len(crashed.names()) == 6
    assert tidy(after=timedelta(hours=25)) == 6
    assert (crashed.names(), notes()) == ([], [])


def test_what_a_crash_left_is_taken_by_the_next_who_brings_the_same(crashed: Chest, organisation: Organisation) -> None:
    take_in(organisation, *CONTENTS)
    assert notes() == []
    assert tidy(after=timedelta(days=2)) == 0
    assert sorted(map(raw.bytes_of, RawMessage.objects.all())) == sorted(CONTENTS)


def test_whoever_comes_too_late_for_its_object_keeps_the_bytes_in_the_row(
    chest: Chest, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that slept for a day between putting and committing: its objects were tidied away meanwhile."""
    keep_all = raw.keep_all

    def after_a_long_sleep(*args: Any, **named: Any) -> list[int]:
        assert tidy(after=timedelta(days=2)) == 6
        return keep_all(*args, **named)

    monkeypatch.setattr(raw, "keep_all", after_a_long_sleep)
    take_in(organisation, *CONTENTS)
    assert chest.names() == []
    assert {row.object_key for row in RawMessage.objects.all()} == {None}
    assert sorted(map(raw.bytes_of, RawMessage.objects.all())) == sorted(CONTENTS)


def test_a_note_beside_a_row_goes_and_the_object_stays(chest: Chest, organisation: Organisation) -> None:
    take_in(organisation, CONTENTS[0])
    loose.expect([name_of(organisation, CONTENTS[0])])
    assert tidy(after=timedelta(days=2)) == 0
    assert (len(chest.names()), notes()) == (1, [])


def test_a_tidying_that_the_store_ends_is_done_by_the_next(crashed: Chest) -> None:
    crashed.door.is_shut = True
    with pytest.raises(RawStoreError):
        tidy(after=timedelta(days=2))
    assert len(notes()) == 6
    crashed.door.open()
    assert tidy(after=timedelta(days=2)) == 6


# --- What is kept -------------------------------------------------------------------------------------------------------


def test_bytes_lie_sealed_under_organisation_and_hash_and_come_back(chest: Chest, organisation: Organisation) -> None:
    data = report(record())
    upload(data, organisation=organisation)
    row = RawMessage.objects.get()
    assert (row.sealed, len(row.object_key or ""), row.size) == (None, 8, len(data))
    assert chest.names() == [name_of(organisation, data)]
    assert data[:40] not in chest.read(name_of(organisation, data))
    assert raw.bytes_of(row) == data


def test_the_same_bytes_are_put_once_and_for_each_organisation_by_itself(
    chest: Chest, organisation: Organisation
) -> None:
    other = make_organisation("other")
    take_in(organisation, b"same", b"same", b"more")
    take_in(organisation, b"same")
    assert chest.door.requests["PUT"] == 2
    take_in(other, b"same")
    assert sorted(chest.names()) == sorted(
        [name_of(organisation, b"same"), name_of(organisation, b"more"), name_of(other, b"same")]
    )
    raw.throw_away(RawMessage.objects.filter(organisation=other).values_list("pk", flat=True))
    assert tidy() == 1
    assert sorted(map(raw.bytes_of, RawMessage.objects.all())) == [b"more", b"same"]


def test_many_small_mails_do_not_wait_for_one_another(chest: Chest, organisation: Organisation) -> None:
    take_in(organisation, *(b"mail %d" % number for number in range(100)))
    assert len(chest.names()) == 100
    assert 1 < chest.door.most_at_once <= opening.PARALLEL


def test_rows_of_either_place_are_read_side_by_side(chest: Chest, organisation: Organisation, settings: Any) -> None:
    settings.RAW_INTO_BUCKET = False
    take_in(organisation, b"in the row")
    settings.RAW_INTO_BUCKET = True
    take_in(organisation, b"in the row", b"in the bucket")
    assert [(raw.bytes_of(row), row.sealed is None) for row in RawMessage.objects.order_by("pk")] == [
        (b"in the row", False),
        (b"in the bucket", True),
    ]
    assert len(chest.names()) == 1


def test_a_row_that_moved_since_it_was_read_is_read_where_it_is(chest: Chest, organisation: Organisation) -> None:
    take_in(organisation, CONTENTS[0])
    row = RawMessage.objects.get()
    RawMessage.objects.update(sealed=pack(CONTENTS[0]), object_key=None)
    assert tidy() == 1
    assert raw.bytes_of(row) == CONTENTS[0]


# --- What goes ----------------------------------------------------------------------------------------------------------


def test_what_is_thrown_away_goes_from_the_bucket_once_that_is_committed(
    chest: Chest, organisation: Organisation
) -> None:
    take_in(organisation, *CONTENTS)
    raw.throw_away(RawMessage.objects.order_by("pk").values_list("pk", flat=True)[:2])
    assert len(chest.names()) == 6
    assert tidy() == 2
    assert len(chest.names()) == 4
    assert Message.objects.filter(raw=None).count() == 2


def test_an_organisation_that_is_deleted_takes_its_objects_along(chest: Chest, organisation: Organisation) -> None:
    other = make_organisation("other")
    take_in(other, *CONTENTS)
    take_in(organisation, CONTENTS[0])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM reports_message WHERE organisation_id = %s", [other.pk])
        cursor.execute("DELETE FROM reports_rawmessage WHERE organisation_id = %s", [other.pk])
    assert tidy() == 6
    assert chest.names() == [name_of(organisation, CONTENTS[0])]


def test_bytes_that_come_again_before_they_were_tidied_away_stay(chest: Chest, organisation: Organisation) -> None:
    take_in(organisation, CONTENTS[0])
    raw.throw_away(RawMessage.objects.values_list("pk", flat=True))
    take_in(organisation, CONTENTS[0])
    assert tidy(after=timedelta(days=2)) == 0
    assert raw.bytes_of(RawMessage.objects.get()) == CONTENTS[0]


def test_tidying_ends_when_its_time_is_up(
    crashed: Chest, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loose, "TOGETHER", 2)
    start = timezone.now() + timedelta(days=2)
    ticks = iter(start + timedelta(seconds=number) for number in range(100))

    def clock() -> datetime:
        return next(ticks)

    assert loose.let_go(clock=clock, until=start + timedelta(seconds=3)) == 4
    assert len(notes()) == 2


# --- The usual way ------------------------------------------------------------------------------------------------------


def test_an_installation_without_a_bucket_never_loads_boto3() -> None:
    program = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'dmarcsite.settings'; import django; django.setup(); "
        "import reports.ingest.pipeline; sys.exit('boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_many_are_read_in_order_wherever_they_lie(chest: Chest, organisation: Organisation, settings: Any) -> None:
    contents = [b"mail %d" % number for number in range(60)]
    settings.RAW_INTO_BUCKET = False
    take_in(organisation, *contents[20:25], contents[40])
    settings.RAW_INTO_BUCKET = True
    take_in(organisation, *contents)
    chest.remove(name_of(organisation, contents[3]))
    chest.write(name_of(organisation, contents[30]), b"damaged")
    in_order = Message.objects.select_related("raw").order_by("-pk")[:60]
    found = {message.pk: data for message, data in raw.with_bytes(in_order)}
    assert list(found) == [message.pk for message in in_order]
    expected = list(reversed(contents))
    assert {number for number, data in enumerate(found.values()) if data != expected[number]} == {59 - 3, 59 - 30}
    assert {type(list(found.values())[59 - number]) for number in (3, 30)} == {raw.RawDamaged}
    assert 1 < chest.door.most_at_once <= opening.PARALLEL
    raw.throw_away(RawMessage.objects.values_list("pk", flat=True))
    assert {data for _, data in raw.with_bytes(Message.objects.select_related("raw"))} == {None}
    assert list(raw.with_bytes([])) == []
