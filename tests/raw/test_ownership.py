"""One prefix of a bucket belongs to one installation: another one is refused there before it can do harm."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from dmarcsite.tasks import beat
from reports.errors import RawStoreError
from reports.ingest import raw
from reports.ingest.pipeline import finish_unread
from reports.ingest.raw import loose, ownership
from reports.ingest.raw.resealing import reseal_objects
from reports.models import Installation, LooseObject, Message, Organisation, RawMessage
from tests.raw.conftest import Chest
from tests.reports.stored import NOW, record, report, upload

FIRST, SECOND = UUID(int=1), UUID(int=2)


def become(pk: UUID) -> None:
    """Work as the installation of this id, in a process that knows nothing yet."""
    Installation.objects.all().delete()
    Installation.objects.create(pk=pk)
    new_process()


def new_process() -> None:
    ownership._own.cache_clear()


@pytest.fixture
def theirs(chest: Chest, organisation: Organisation) -> Chest:
    """A prefix in which the first installation keeps one mail, as the second one sees it: its database was copied."""
    become(FIRST)
    upload(report(record()), organisation=organisation)
    become(SECOND)
    return chest


def test_another_installation_keeps_nothing_there_and_hears_what_to_do(
    theirs: Chest, organisation: Organisation
) -> None:
    with pytest.raises(RawStoreError) as refused:
        upload(report(record(count=9)), organisation=organisation)
    assert str(refused.value) == (
        f"other_installation owner={FIRST} error=give this one a prefix of its own; or, if that one is gone for good, "
        "delete the object owner below the prefix"
    )
    assert (len(theirs.names()), LooseObject.objects.count(), Message.objects.count()) == (1, 0, 1)


def test_it_lets_go_of_nothing_there(theirs: Chest) -> None:
    Message.objects.update(raw=None)
    RawMessage.objects.all().delete()
    later = timezone.now() + timedelta(days=2)
    with pytest.raises(RawStoreError, match="other_installation"):
        loose.let_go(clock=lambda: later, until=later + timedelta(minutes=1))
    assert (len(theirs.names()), LooseObject.objects.count()) == (1, 1)


def test_it_moves_and_seals_nothing_there(
    theirs: Chest, organisation: Organisation, settings: pytest.FixtureRequest
) -> None:
    with pytest.raises(RawStoreError, match="other_installation"):
        list(reseal_objects())
    settings.RAW_INTO_BUCKET = False  # type: ignore[attr-defined]
    upload(report(record(count=9)), organisation=organisation)
    settings.RAW_INTO_BUCKET = True  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match=r"other_installation .* a prefix of its own"):
        call_command("move_raw")
    assert len(theirs.names()) == 1


def test_it_is_degraded_and_its_demonstration_is_refused(theirs: Chest, client: Client) -> None:
    cache.clear()
    beat()
    assert client.get("/readyz").json()["degraded"] == ["raw_store"]
    with pytest.raises(CommandError, match="other_installation"):
        call_command("demo", "--load")


@pytest.mark.parametrize("body", [b"x" * 1000, b"\0" * 36, b""])
def test_an_object_that_is_no_id_is_no_ones_permission(chest: Chest, organisation: Organisation, body: bytes) -> None:
    chest.write(ownership.OBJECT, body)
    with pytest.raises(RawStoreError, match="other_installation owner=unknown"):
        upload(report(record()), organisation=organisation)


def test_what_lies_there_is_still_read(theirs: Chest) -> None:
    stored = RawMessage.objects.get()
    assert len(raw.bytes_of(stored)) == stored.size


# --- What goes well ---------------------------------------------------------------------------------------------------


def test_the_first_leaves_its_id_once_and_each_process_asks_once(chest: Chest, organisation: Organisation) -> None:
    upload(report(record()), organisation=organisation)
    upload(report(record(count=9)), organisation=organisation)
    assert chest.read(ownership.OBJECT).decode() == str(Installation.objects.get().pk)
    chest.remove(ownership.OBJECT)
    upload(report(record(count=10)), organisation=organisation)
    assert len(chest.names()) == 3
    new_process()
    upload(report(record(count=11)), organisation=organisation)
    assert chest.read(ownership.OBJECT).decode() == str(Installation.objects.get().pk)


def test_a_restored_database_has_the_same_id_and_goes_on(chest: Chest, organisation: Organisation) -> None:
    become(FIRST)
    upload(report(record()), organisation=organisation)
    become(FIRST)
    upload(report(record(count=9)), organisation=organisation)
    assert len(chest.names()) == 2


def test_a_successor_goes_on_once_the_owner_is_deleted(theirs: Chest, organisation: Organisation) -> None:
    theirs.remove(ownership.OBJECT)
    upload(report(record(count=9)), organisation=organisation)
    assert (theirs.read(ownership.OBJECT).decode(), len(theirs.names())) == (str(SECOND), 2)
    assert list(finish_unread([], at=NOW)) == []
