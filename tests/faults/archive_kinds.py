"""Owns the injections that hurt long work: retention, reading again, sender checks, and a backlog that several read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from reports import jobs
from reports.ingest import ledger
from reports.ingest.ledger import Arrival
from reports.models import AggregateReport, AggregateRow, FailureReport, Message, Organisation
from reports.reread.run import DRY_RUN
from reports.vocabulary import Channel, JobKind
from tests.faults import crew
from tests.faults.archive import ArchiveScene, Work
from tests.faults.mails import old_mails
from tests.faults.templates import UNREAD, records
from tests.reports.stored import NOW

SENDERS_HOURS = 1
"""Whoever takes messages to check them has them for less than that."""


def retention_killed(scene: ArchiveScene) -> str:
    """The night's retention, with months that are dropped and a domain on hold, is killed."""
    return scene.hurt(_NIGHT)


def reread_killed(scene: ArchiveScene) -> str:
    """Reading all again, of rows that were spoilt before, is killed: the dry run that undoes it, or the one that applies it."""
    dry_run = scene.rng.random() < 0.4
    return ("dry run: " if dry_run else "") + scene.hurt(_DRY_RUN if dry_run else APPLY)


def sender_checks_killed(scene: ArchiveScene) -> str:
    """Two workers that find out who sent what, and which of several reports counts therefore, are killed."""
    return scene.hurt(senders())


def backlog_raced(scene: ArchiveScene) -> str:
    """Two to four workers race over messages that were left unread, and over who sent them, and one is killed, while somebody
    else holds three of the messages; or two, of which the second thinks that the first is dead.
    """
    if scene.rng.random() < 0.4:
        return scene.overtake(backlog(workers=2))
    scene.most_again = 1
    return scene.hurt(backlog(workers=scene.rng.choice((2, 3, 4)), one_dies=True), locked=3)


def backlog(**more: Any) -> Work:
    """Reading what was left unread, and finding out who sent it."""
    return Work(crew.read_backlog, template=UNREAD, arguments=_known(), hours=1, **more)


def senders(**more: Any) -> Work:
    """Finding out who sent what."""
    return Work(crew.check_senders, arguments=_known(), hours=SENDERS_HOURS, workers=2, **more)


def _spoil_and_ask(*, dry_run: bool) -> None:
    AggregateRow.objects.update(count=1000)
    AggregateReport.objects.update(org_name="Old", is_conflicting=False)
    FailureReport.objects.update(incidents=1000)
    Message.objects.filter(outcome="not_a_report").update(outcome="refused")
    organisation = Organisation.objects.get(slug="first")
    total = Message.objects.filter(organisation=organisation).count()
    jobs.start(JobKind.REREAD, organisation=organisation, parameters={DRY_RUN: dry_run}, total=total, at=NOW)


def _known() -> tuple[tuple[tuple[str, bytes], ...]]:
    return (tuple(records().items()),)


def come_in_again() -> None:
    """Mails whose time is over come in once more, and nobody has read them yet."""
    for organisation in Organisation.objects.order_by("slug"):
        arrivals = [Arrival(mail, Channel.UPLOAD, NOW - timedelta(days=31 * 4)) for mail in old_mails(4)]
        ledger.take_in(arrivals, organisation=organisation, at=NOW)


def held_things() -> tuple[int, int]:
    """The rows of domains on hold, and the unread mails that have their bytes."""
    rows = AggregateRow.objects.filter(domain__held_at__isnull=False).count()
    return rows, Message.objects.filter(outcome=None, raw__isnull=False).count()


_NIGHT = Work(crew.retention, prepare=come_in_again, keeps=held_things)
_DRY_RUN = Work(crew.reread, prepare=partial(_spoil_and_ask, dry_run=True), arguments=("dry",), mends="nobody's")
APPLY = Work(crew.reread, prepare=partial(_spoil_and_ask, dry_run=False), arguments=("apply",), mends="first")

ARCHIVE_KINDS: dict[str, Callable[[ArchiveScene], str]] = {
    each.__name__: each for each in (retention_killed, reread_killed, sender_checks_killed, backlog_raced)
}
