"""Owns the injections that hurt long work: retention, reading again, sender checks, and a backlog that several read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from reports import jobs
from reports.models import AggregateReport, AggregateRow, FailureReport, Message, Organisation
from reports.reread.run import DRY_RUN
from reports.vocabulary import JobKind
from tests.faults import crew
from tests.faults.archive import UNREAD, ArchiveScene, Work, records
from tests.reports.stored import NOW

SENDERS_HOURS = 1
"""Whoever takes messages to check them has them for less than that."""


def retention_killed(scene: ArchiveScene) -> str:
    """The night's retention, with months that are dropped and a domain on hold, is killed."""
    return scene.hurt(_NIGHT)


def reread_killed(scene: ArchiveScene) -> str:
    """Reading all again, of rows that were spoilt before, is killed: the dry run that undoes it, or the one that applies it."""
    dry_run = scene.rng.random() < 0.4
    return ("dry run: " if dry_run else "") + scene.hurt(_DRY_RUN if dry_run else _APPLY)


def sender_checks_killed(scene: ArchiveScene) -> str:
    """Two workers that find out who sent what, and which of several reports counts therefore, are killed."""
    return scene.hurt(Work(crew.check_senders, arguments=_known(), hours=SENDERS_HOURS, workers=2))


def backlog_raced(scene: ArchiveScene) -> str:
    """Two to four workers race over messages that were left unread, and over who sent them, and one is killed; or two, of which
    the second thinks that the first is dead.
    """
    backlog = partial(Work, crew.read_backlog, template=UNREAD, arguments=_known(), hours=1)
    if scene.rng.random() < 0.4:
        return scene.overtake(backlog(workers=2))
    return scene.hurt(backlog(workers=scene.rng.choice((2, 3, 4)), one_dies=True))


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


def _held_rows() -> int:
    return AggregateRow.objects.filter(domain__held_at__isnull=False).count()


_NIGHT = Work(crew.retention, keeps=_held_rows)
_DRY_RUN = Work(crew.reread, prepare=partial(_spoil_and_ask, dry_run=True), arguments=("dry",), mends="nobody's")
_APPLY = Work(crew.reread, prepare=partial(_spoil_and_ask, dry_run=False), arguments=("apply",), mends="first")

ARCHIVE_KINDS: dict[str, Callable[[ArchiveScene], str]] = {
    each.__name__: each for each in (retention_killed, reread_killed, sender_checks_killed, backlog_raced)
}
