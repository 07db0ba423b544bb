"""One visit to a mailbox: finishes what a crash left, fetches what is new in bounded batches, acknowledges after commits.

Knows places by their protocol only (reports.ingest.places.place).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, F, Q, When

from reports import following
from reports.errors import MailboxBusy, MailboxError, RawStoreError
from reports.ingest import stages
from reports.ingest.ledger import Arrival
from reports.ingest.mail_ledger import MailLedger
from reports.ingest.mailbox_changes import COMMON
from reports.ingest.pipeline import Checkpoint, finish_unread, ingest, no_checkpoint
from reports.ingest.places.place import BATCH_BYTES, FETCHED_TOGETHER, Mark, Place, open_place
from reports.ingest.places.registry import way_to
from reports.locks import held
from reports.models import Mailbox, Message
from reports.vocabulary import Channel, MailboxFault

log = logging.getLogger(__name__)
LOCK_CLASS = 0x4D424F58
LONGEST_VISIT = timedelta(minutes=10)
LONGEST_WAIT = timedelta(hours=6)
DETAIL_LENGTH = 500
_NOT_ITS_FAULT = {MailboxFault.ITEM_UNREADABLE, MailboxFault.RAW_STORE_AWAY}
"""Faults beside which the mailbox is well: it is visited again at its usual time."""

Clock = Callable[[], datetime]


def visit(mailbox_id: int, *, clock: Clock, checkpoint: Checkpoint = no_checkpoint) -> bool:
    """Visit a mailbox unless another visit is on; False where it was not visited. A MailboxError is noted, not raised.

    Whatever the process dies of, the next visit goes on: no mail is lost, none is counted twice.
    """
    with held(LOCK_CLASS, mailbox_id) as is_mine:
        mailbox = Mailbox.objects.select_related("organisation").filter(pk=mailbox_id).first() if is_mine else None
        if mailbox is None:
            return False
        try:
            with stages.work("visit", mailbox=mailbox.pk):
                is_done = _Visit(mailbox, clock=clock, checkpoint=checkpoint).run()
        except MailboxError as error:
            _note_failure(mailbox, error, at=clock())
        except RawStoreError as error:
            # Where the bucket lies is no business of whoever sees the mailbox.
            log.warning("the bucket of SEKIMORI_RAW_STORE does not do what it is asked: %s", error)
            away = MailboxError(MailboxFault.RAW_STORE_AWAY, (("store", error.code),))
            _note_failure(mailbox, away, at=clock())
        else:
            _note_success(mailbox, is_done=is_done, at=clock())
        return True


def claim_due(*, at: datetime) -> list[int]:
    """The mailboxes whose turn it is, each given to one caller: its due time is moved on before anybody goes there."""
    claimed: list[int] = []
    for mailbox in Mailbox.objects.filter(is_enabled=True, due_at__lte=at).order_by("due_at"):
        next_time = at + timedelta(minutes=mailbox.interval_minutes)
        if Mailbox.objects.filter(pk=mailbox.pk, due_at=mailbox.due_at).update(due_at=next_time):
            claimed.append(mailbox.pk)
    return claimed


@dataclass(frozen=True, slots=True)
class _Visit:
    mailbox: Mailbox
    clock: Clock
    checkpoint: Checkpoint

    def run(self) -> bool:
        """True where nothing is left in the place; False where the time was up first.

        Raises MailboxError, with ITEM_UNREADABLE where all but some single items was read.
        """
        mailbox, until = self.mailbox, self.clock() + LONGEST_VISIT
        left = Message.objects.filter(mailbox=mailbox, outcome__isnull=True).order_by("pk").values_list("pk", flat=True)
        # Whoever claimed one of them was a visit before this one, and is gone: a mailbox has one visit at a time.
        for _ in finish_unread(list(left), at=self.clock(), checkpoint=self.checkpoint, lease=timedelta()):
            pass
        unreadable: dict[str, str] = {}
        with open_place(way_to(mailbox), is_read_only=self._leaves_all) as place:
            for action in sorted(self._actions):
                place.demand(action)
            ledger = MailLedger(mailbox, place.folder, place.epoch)
            self._acknowledge(place, ledger)
            has_earlier = ledger.has_earlier_epoch()
            for keys in self._batches(place, ledger):
                if self.clock() >= until:
                    return False
                with following.about(batch=stages.new_batch_id()):
                    unreadable |= self._take(place, ledger, keys, has_earlier=has_earlier)
            ledger.forget_unreachable(at=self.clock())
        if unreadable:
            raise _some_unreadable(unreadable)
        return True

    @property
    def _actions(self) -> set[Mailbox.Action]:
        return {Mailbox.Action(self.mailbox.handled_action), Mailbox.Action(self.mailbox.refused_action)}

    @property
    def _leaves_all(self) -> bool:
        return self._actions == {Mailbox.Action.LEAVE}

    def _batches(self, place: Place, ledger: MailLedger) -> Iterator[list[str]]:
        """New keys, in the place's order, so many at a time as memory may hold; too large items are entered as refused."""
        limit = settings.UPLOAD_LIMIT_BYTES
        for window in place.windows():
            new = ledger.new_among(window)
            sizes = place.sizes(new) if new else {}
            if too_large := {key: sizes[key] for key in new if sizes.get(key, 0) > limit}:
                stages.reached("refused", ledger.refuse_too_large(too_large, limit=limit, at=self.clock()))
                self._acknowledge(place, ledger)
            yield from _bounded([key for key in new if key in sizes and key not in too_large], sizes)

    def _take(self, place: Place, ledger: MailLedger, keys: Sequence[str], *, has_earlier: bool) -> Mapping[str, str]:
        """Fetch, enter, read, store and acknowledge; returns what could not be read, with the reason of each."""
        fetched = place.fetch(keys)
        stages.reached("fetched", count=len(fetched.mails))
        self.checkpoint("fetched")
        known = ledger.move_to_new_keys(fetched.mails) if has_earlier else set()
        at = self.clock()
        arrivals = [
            Arrival(
                data,
                Channel(self.mailbox.kind),
                at,
                mailbox_id=self.mailbox.pk,
                folder=place.folder,
                epoch=place.epoch,
                key=key,
            )
            for key, data in fetched.mails.items()
            if key not in known
        ]
        ingest(arrivals, organisation=self.mailbox.organisation, at=at, checkpoint=self.checkpoint)
        self._acknowledge(place, ledger)
        return fetched.unreadable

    def _acknowledge(self, place: Place, ledger: MailLedger) -> None:
        """Tell the place what has become of its mail, then note that it was told: told twice does no harm."""
        mailbox = self.mailbox
        targets = {
            Mark.HANDLED: (mailbox.handled_action, mailbox.handled_folder),
            Mark.REFUSED: (mailbox.refused_action, mailbox.refused_folder),
        }
        waiting = ledger.to_acknowledge()
        for mark, messages in waiting.items():
            action, target = targets[mark]
            if messages and action != Mailbox.Action.LEAVE:
                place.acknowledge(list(messages), mark, action=Mailbox.Action(action), target=target)
        if told := [pk for messages in waiting.values() for pk in messages.values()]:
            self.checkpoint("told the server")
            Message.objects.filter(pk__in=told).update(acknowledged_at=self.clock())
            stages.reached("acknowledged", told)
            self.checkpoint("acknowledged")


def _bounded(keys: Sequence[str], sizes: Mapping[str, int]) -> Iterator[list[str]]:
    batch: list[str] = []
    total = 0
    for key in keys:
        if batch and (total + sizes[key] > BATCH_BYTES or len(batch) >= FETCHED_TOGETHER):
            yield batch
            batch, total = [], 0
        batch.append(key)
        total += sizes[key]
    if batch:
        yield batch


def _some_unreadable(unreadable: Mapping[str, str]) -> MailboxError:
    item, error = next(iter(unreadable.items()))
    return MailboxError(
        MailboxFault.ITEM_UNREADABLE, (("items", str(len(unreadable))), ("first", item), ("error", error))
    )


def _note_failure(mailbox: Mailbox, error: MailboxError, *, at: datetime) -> None:
    """Wait twice as long after each failure in a row; who changes the mailbox makes it due at once."""
    failures = mailbox.failures + 1
    wait = min(timedelta(minutes=mailbox.interval_minutes) * 2 ** min(failures, 10), LONGEST_WAIT)
    if error.code in _NOT_ITS_FAULT:
        wait = timedelta(minutes=mailbox.interval_minutes)
    if isinstance(error, MailboxBusy):
        wait = min(max(wait, timedelta(seconds=error.seconds)), LONGEST_WAIT)
    detail = ", ".join(f"{name}: {text}" for name, text in error.params)[:DETAIL_LENGTH]
    _note(mailbox, at=at, failures=failures, error_code=error.code, error_detail=detail, due_at=at + wait)


def _note_success(mailbox: Mailbox, *, is_done: bool, at: datetime) -> None:
    due_at = at + timedelta(minutes=mailbox.interval_minutes) if is_done else at
    _note(mailbox, at=at, last_success_at=at, failures=0, error_code="", error_detail="", due_at=due_at)


def _note(mailbox: Mailbox, *, at: datetime, due_at: datetime, **found: Any) -> None:
    """Write what a visit found of the mailbox as it was then; where somebody made it due meanwhile, it stays so. One that
    somebody changed is due at once, and what was wrong before the change is not held against it.
    """
    as_visited = {name: getattr(mailbox, name) for name in (*COMMON, "settings", "secret", "failures")}
    asked_for = ~Q(due_at=mailbox.due_at) & Q(due_at__lte=at)
    found["due_at"] = Case(When(asked_for, then=F("due_at")), default=due_at)
    if not Mailbox.objects.filter(pk=mailbox.pk, **as_visited).update(last_visit_at=at, **found):
        Mailbox.objects.filter(pk=mailbox.pk).update(last_visit_at=at, due_at=at)
