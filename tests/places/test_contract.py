"""What every kind of place promises: nothing lost, nothing twice, whatever happens between any two steps."""

from __future__ import annotations

from typing import Any

import pytest

from reports.ingest.places import place as protocol
from reports.ingest.places.place import Fetched, Mark, open_place
from reports.ingest.places.place import test_way as try_way
from reports.ingest.places.registry import KINDS, way_to
from reports.ingest.visit import visit
from reports.models import Mailbox, Message
from reports.vocabulary import MailboxFault, Outcome
from tests.places.conftest import MakeYard
from tests.places.yards import HANDLED, REFUSED, Yard
from tests.reports.mailboxes import clock, contents
from tests.reports.samples import XML, report_mail
from tests.reports.stored import NOW, record, report

pytestmark = pytest.mark.django_db(transaction=True)
HUMAN = b"From: somebody@example.com\nTo: reports@example.com\nSubject: lunch\n\nAt noon?\n"
BROKEN = report_mail((b"PK\x03\x04 no zip", "report.zip")).as_bytes()
GOOD = report_mail((XML, "report.xml")).as_bytes()
OTHER = report_mail((report(record(), report_id="r-9"), "other.xml")).as_bytes()
MAILS = (GOOD, HUMAN, BROKEN, OTHER)
LEAVE, FLAG, MOVE = Mailbox.Action
STEPS = ("fetched", "taken in", "read", "stored", "committed", "told the server", "acknowledged")


class Ended(BaseException):
    """The process ends here, as far as this test goes."""


def end_after(wanted: str) -> Any:
    def checkpoint(step: str) -> None:
        if step == wanted:
            raise Ended

    return checkpoint


def go(yard: Yard) -> Mailbox:
    """Visit, and read the mailbox anew."""
    assert visit(yard.mailbox.pk, clock=clock)
    yard.mailbox.refresh_from_db()
    assert yard.mailbox.error_code == "", yard.mailbox.error_detail
    return yard.mailbox


def act(yard: Yard, action: Mailbox.Action) -> None:
    """Do this to handled and to refused mail."""
    Mailbox.objects.filter(pk=yard.mailbox.pk).update(
        handled_action=action, handled_folder=HANDLED, refused_action=action, refused_folder=REFUSED
    )
    yard.mailbox.refresh_from_db()


def outcomes(yard: Yard) -> list[tuple[str | None, bool]]:
    found = Message.objects.filter(mailbox=yard.mailbox).order_by("pk")
    return [(each.outcome, each.acknowledged_at is not None) for each in found]


def keys_of(place: protocol.Place) -> list[str]:
    return [key for window in place.windows() for key in window]


def without_keys(found: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    return found | {"messages": sorted((row[1:] for row in found["messages"]), key=str)}


def test_every_item_is_entered_once_and_nothing_is_counted_twice(yard: Yard) -> None:
    act(yard, LEAVE)
    for mail in (*MAILS, GOOD):
        yard.put(mail)
    before = yard.left()
    go(yard)
    assert outcomes(yard) == [
        (Outcome.STORED, True),
        (Outcome.NOT_A_REPORT, True),
        (Outcome.REFUSED, True),
        (Outcome.STORED, True),
        (Outcome.DUPLICATE, True),
    ]
    assert yard.left() == before
    stored = contents(yard.mailbox.organisation)
    go(yard)
    assert contents(yard.mailbox.organisation) == stored
    yard.put(report_mail((report(record(), report_id="r-10"), "new.xml")).as_bytes())
    go(yard)
    assert [outcome for outcome, _ in outcomes(yard)].count(Outcome.STORED) == 3


@pytest.mark.parametrize("action", [LEAVE, FLAG, MOVE])
def test_ended_between_any_two_steps_it_ends_as_without(make_yard: MakeYard, action: Mailbox.Action) -> None:
    expected: Any = None
    for step in ("", *STEPS):
        yard = make_yard()
        if action not in yard.abilities:
            assert action not in KINDS[yard.mailbox.kind].actions
            return
        act(yard, action)
        for mail in MAILS:
            yard.put(mail)
        if step:
            with pytest.raises(Ended):
                visit(yard.mailbox.pk, clock=clock, checkpoint=end_after(step))
        go(yard)
        found = (sorted(outcomes(yard)), yard.left())
        expected = expected or found
        assert found == expected, step
        assert {acknowledged for _, acknowledged in outcomes(yard)} == {True}


def test_handled_and_refused_items_go_where_they_are_told(yard: Yard) -> None:
    if MOVE not in yard.abilities:
        assert MOVE not in KINDS[yard.mailbox.kind].actions
        return
    act(yard, MOVE)
    for mail in MAILS:
        yard.put(mail)
    before = [content for content, _ in yard.left()[""]]
    go(yard)
    left = yard.left()
    assert left[""] == []
    assert sorted(content for name in (HANDLED, REFUSED) for content, _ in left[name]) == before
    assert (len(left[HANDLED]), len(left[REFUSED])) == (2, 2)
    go(yard)
    assert yard.left() == left


def test_a_listing_in_windows_leaves_nothing_out_while_items_are_moved(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("imap_folder", "maildir", "mbox", "watched_folder", "graph", "gmail"):
        monkeypatch.setattr(f"reports.ingest.places.{module}.LISTED_TOGETHER", 2)
    monkeypatch.setattr("reports.ingest.places.s3.PAGE", 2)
    act(yard, MOVE if MOVE in yard.abilities else LEAVE)
    for number in range(7):
        yard.put(report_mail((report(record(), report_id=f"r-{number}"), "r.xml")).as_bytes())
    go(yard)
    assert outcomes(yard) == [(Outcome.STORED, True)] * 7


def test_what_vanishes_between_two_steps_is_passed_over(yard: Yard) -> None:
    act(yard, LEAVE)
    for mail in MAILS:
        yard.put(mail)
    with open_place(way_to(yard.mailbox)) as place:
        keys = keys_of(place)
        yard.drop_first()
        place.sizes(keys)
        found = place.fetch(keys)
        assert (len(found.mails), found.unreadable) == (0 if yard.mailbox.kind == "mbox" else 3, {})
        for action in KINDS[yard.mailbox.kind].actions:
            place.acknowledge(keys, Mark.HANDLED, action=action, target=HANDLED)
    go(yard)
    assert Message.objects.count() == (3 if MOVE not in yard.abilities else 0)


@pytest.mark.parametrize("mark", Mark)
def test_to_acknowledge_twice_is_to_acknowledge_once(yard: Yard, mark: Mark) -> None:
    for mail in MAILS:
        yard.put(mail)
    for action in KINDS[yard.mailbox.kind].actions:
        with open_place(way_to(yard.mailbox)) as place:
            keys = keys_of(place)
            place.demand(action)
            place.acknowledge(keys, mark, action=action, target=HANDLED)
            once = yard.left()
            place.acknowledge(keys, mark, action=action, target=HANDLED)
        with open_place(way_to(yard.mailbox)) as place:
            place.acknowledge(keys, mark, action=action, target=HANDLED)
        assert yard.left() == once


def test_one_item_that_cannot_be_read_holds_up_no_other_and_is_named(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(yard, LEAVE)
    for mail in MAILS:
        yard.put(mail)
    with open_place(way_to(yard.mailbox)) as place:
        bad = keys_of(place)[1]
        whole = type(place)
    fetch = whole.fetch

    def spoiled(self: Any, keys: list[str]) -> Fetched:
        found = fetch(self, [key for key in keys if key != bad])
        return Fetched(found.mails, {bad: "it is broken"} if bad in keys else {})

    with monkeypatch.context() as patched:
        patched.setattr(whole, "fetch", spoiled)
        assert visit(yard.mailbox.pk, clock=clock)
    yard.mailbox.refresh_from_db()
    assert len(outcomes(yard)) == 3
    assert (yard.mailbox.error_code, "it is broken" in yard.mailbox.error_detail) == (
        MailboxFault.ITEM_UNREADABLE,
        True,
    )
    assert (yard.mailbox.due_at - NOW).total_seconds() == 15 * 60
    go(yard)
    assert len(outcomes(yard)) == 4


def test_what_other_programs_do_to_the_place_makes_nothing_count_twice(yard: Yard) -> None:
    act(yard, LEAVE)
    for mail in MAILS:
        yard.put(mail)
    go(yard)
    before = without_keys(contents(yard.mailbox.organisation))
    yard.number_anew()
    go(yard)
    assert without_keys(contents(yard.mailbox.organisation)) == before


def test_an_item_beyond_the_limit_is_entered_as_refused(yard: Yard, settings: Any) -> None:
    act(yard, LEAVE)
    yard.put(GOOD + b"x" * 5000)
    yard.put(OTHER)
    settings.UPLOAD_LIMIT_BYTES = 4000
    go(yard)
    assert [(each.outcome, each.reason) for each in Message.objects.order_by("pk")] == [
        (Outcome.REFUSED, "too_large"),
        (Outcome.STORED, ""),
    ]
    go(yard)
    assert Message.objects.count() == 2


def test_each_step_of_the_way_is_told_and_changes_nothing(yard: Yard) -> None:
    for mail in MAILS:
        yard.put(mail)
    before = yard.left()
    way = way_to(yard.mailbox)
    steps = list(try_way(way))
    assert [(step.name, step.code) for step in steps] == [(name, "") for name in way.step_names]
    assert steps[-1].detail == "4"
    assert yard.left() == before


def test_no_secret_is_shown(yard: Yard) -> None:
    shown = repr(way_to(yard.mailbox))
    assert "secret_key" not in shown
    assert "password" not in shown
