"""One visit to a mailbox: finishes what a crash left, fetches what is new in bounded batches, acknowledges after commits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from reports.errors import MailboxError
from reports.ingest.account import account_of
from reports.ingest.folder import BATCH_BYTES, UID_WINDOW, Folder
from reports.ingest.imap import open_folder
from reports.ingest.ledger import Arrival
from reports.ingest.mail_ledger import MailLedger
from reports.ingest.pipeline import Checkpoint, finish_unread, ingest, no_checkpoint
from reports.models import Mailbox, Message
from reports.vocabulary import Channel

LOCK_CLASS = 0x4D424F58
BATCH_MAILS = UID_WINDOW
LONGEST_VISIT = timedelta(minutes=10)
LONGEST_WAIT = timedelta(hours=6)
DETAIL_LENGTH = 500

Clock = Callable[[], datetime]


def visit(mailbox_id: int, *, clock: Clock, checkpoint: Checkpoint = no_checkpoint) -> bool:
    """Visit a mailbox unless another visit is on; False where it was not visited. A MailboxError is noted, not raised.

    Whatever the process dies of, the next visit goes on: no mail is lost, none is counted twice.
    """
    with _only_visit(mailbox_id) as is_mine:
        mailbox = Mailbox.objects.select_related("organisation").filter(pk=mailbox_id).first() if is_mine else None
        if mailbox is None:
            return False
        try:
            is_done = _Visit(mailbox, clock=clock, checkpoint=checkpoint).run()
        except MailboxError as error:
            _note_failure(mailbox, error, at=clock())
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
        """True where nothing is left in the folder; False where the time was up first."""
        mailbox, until = self.mailbox, self.clock() + LONGEST_VISIT
        left = Message.objects.filter(mailbox=mailbox, outcome__isnull=True).order_by("pk").values_list("pk", flat=True)
        # Whoever claimed one of them was a visit before this one, and is gone: a mailbox has one visit at a time.
        for _ in finish_unread(list(left), at=self.clock(), checkpoint=self.checkpoint, lease=timedelta()):
            pass
        with open_folder(account_of(mailbox), is_read_only=self._leaves_all) as folder:
            if Mailbox.Action.MOVE in (mailbox.handled_action, mailbox.refused_action):
                folder.demand_move()
            ledger = MailLedger(mailbox, folder.uid_validity)
            self._acknowledge(folder, ledger)
            has_earlier = ledger.has_earlier_validity()
            for uids in self._batches(folder, ledger):
                if self.clock() >= until:
                    return False
                self._take(folder, ledger, uids, has_earlier=has_earlier)
            ledger.forget_unreachable(at=self.clock())
        return True

    @property
    def _leaves_all(self) -> bool:
        return {self.mailbox.handled_action, self.mailbox.refused_action} == {Mailbox.Action.LEAVE}

    def _batches(self, folder: Folder, ledger: MailLedger) -> Iterator[list[int]]:
        """New UIDs, oldest first, so many at a time as memory may hold; too large ones are entered as refused."""
        sizes = folder.sizes(ledger.new_among(folder.uids()))
        limit = settings.UPLOAD_LIMIT_BYTES
        if too_large := {uid: size for uid, size in sizes.items() if size > limit}:
            ledger.refuse_too_large(too_large, limit=limit, at=self.clock())
            self._acknowledge(folder, ledger)
        batch: list[int] = []
        total = 0
        for uid in sorted(sizes.keys() - too_large.keys()):
            if batch and (total + sizes[uid] > BATCH_BYTES or len(batch) >= BATCH_MAILS):
                yield batch
                batch, total = [], 0
            batch.append(uid)
            total += sizes[uid]
        if batch:
            yield batch

    def _take(self, folder: Folder, ledger: MailLedger, uids: Sequence[int], *, has_earlier: bool) -> None:
        fetched = folder.fetch(uids)
        self.checkpoint("fetched")
        known = ledger.move_to_new_uids(fetched) if has_earlier else set()
        at = self.clock()
        arrivals = [
            Arrival(
                data,
                Channel.IMAP,
                at,
                mailbox_id=self.mailbox.pk,
                folder=self.mailbox.folder,
                uid_validity=folder.uid_validity,
                uid=uid,
            )
            for uid, data in fetched.items()
            if uid not in known
        ]
        ingest(arrivals, organisation=self.mailbox.organisation, at=at, checkpoint=self.checkpoint)
        self._acknowledge(folder, ledger)

    def _acknowledge(self, folder: Folder, ledger: MailLedger) -> None:
        """Tell the server what has become of its mail, then note that it was told: told twice does no harm."""
        mailbox = self.mailbox
        handled, refused = ledger.to_acknowledge()
        if handled:
            _act(folder, list(handled), mailbox.handled_action, mailbox.handled_folder, flag=folder.flag_handled)
        if refused:
            _act(folder, list(refused), mailbox.refused_action, mailbox.refused_folder, flag=folder.flag_refused)
        if handled or refused:
            self.checkpoint("told the server")
            told = [*handled.values(), *refused.values()]
            Message.objects.filter(pk__in=told).update(acknowledged_at=self.clock())
            self.checkpoint("acknowledged")


def _act(folder: Folder, uids: list[int], action: str, target: str, *, flag: Callable[[Sequence[int]], None]) -> None:
    if action == Mailbox.Action.MOVE:
        folder.move(uids, target=target)
    elif action == Mailbox.Action.FLAG:
        flag(uids)


@contextmanager
def _only_visit(mailbox_id: int) -> Iterator[bool]:
    """A lock that the database drops by itself when this process or its connection ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, mailbox_id])
        (is_mine,) = cursor.fetchone()
        try:
            yield is_mine
        finally:
            if is_mine and connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, mailbox_id])


def _note_failure(mailbox: Mailbox, error: MailboxError, *, at: datetime) -> None:
    """Wait twice as long after each failure in a row; who changes the mailbox makes it due at once."""
    failures = mailbox.failures + 1
    wait = min(timedelta(minutes=mailbox.interval_minutes) * 2 ** min(failures, 10), LONGEST_WAIT)
    detail = ", ".join(f"{name}: {text}" for name, text in error.params)[:DETAIL_LENGTH]
    Mailbox.objects.filter(pk=mailbox.pk).update(
        last_visit_at=at, failures=failures, error_code=error.code, error_detail=detail, due_at=at + wait
    )


def _note_success(mailbox: Mailbox, *, is_done: bool, at: datetime) -> None:
    due_at = at + timedelta(minutes=mailbox.interval_minutes) if is_done else at
    Mailbox.objects.filter(pk=mailbox.pk).update(
        last_visit_at=at, last_success_at=at, failures=0, error_code="", error_detail="", due_at=due_at
    )
