"""Owns what worker processes do with bytes in a bucket besides keeping them: let them go, move them, and race over them."""

from __future__ import annotations

from datetime import timedelta
from multiprocessing.connection import Connection

from tests.faults.crew import FETCHED_TOGETHER, Script, work_in  # isort: skip  (sets Django up before anything asks for a model)

from django.utils import timezone

from reports.ingest import ledger, pipeline
from reports.ingest.raw import loose, moving
from reports.models import Organisation
from reports.retention.run import apply_retention
from reports.vocabulary import Channel
from tests.faults.mails import old_mails

MOVED_TOGETHER = 30


def night(database: str, script: Script, line: Connection) -> None:
    """Let go what is over, then the objects of the bucket."""
    work_in(database, script, line, lambda: _night(script))


def move(database: str, _way: str, script: Script, line: Connection) -> None:
    """Move everything to where new bytes go."""
    moving.TOGETHER = MOVED_TOGETHER
    work_in(database, script, line, lambda: list(moving.move_all()))


def contest(database: str, script: Script, line: Connection) -> None:
    """The first lets go what is over, again and again, while the others bring the same mails once more.

    At last the first reads what those who were killed left unread, as the schedule would.
    """
    work_in(database, script, line, lambda: _bring_again(script) if script.number else _nights(script))


def _night(script: Script) -> None:
    apply_retention(at=script.at)
    loose.let_go(clock=timezone.now, until=timezone.now() + timedelta(minutes=1))


def _nights(script: Script) -> None:
    for _ in range(4):
        _night(script)
    for _ in pipeline.finish_unread(ledger.left_unread(at=script.at), at=script.at):
        pass


def _bring_again(script: Script) -> None:
    for organisation in Organisation.objects.order_by("slug"):
        for month in (4, 3, 2):
            mails = list(old_mails(month))
            for start in range(0, len(mails), FETCHED_TOGETHER):
                arrivals = [
                    ledger.Arrival(mail, Channel.UPLOAD, script.at) for mail in mails[start : start + FETCHED_TOGETHER]
                ]
                pipeline.ingest(arrivals, organisation=organisation, at=script.at)
