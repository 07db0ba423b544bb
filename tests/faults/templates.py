"""Owns the databases that are copied for long work: five months of mail of two organisations, read or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

from dmarcsite.services.places import DATABASE
from reports.ingest import ledger
from reports.ingest.ledger import Arrival
from reports.ingest.pipeline import ingest
from reports.ingest.raw.moving import move_all
from reports.models import Domain, Message, Retention
from reports.vocabulary import Channel
from tests.faults import crew
from tests.faults.mails import old_mails, rivals
from tests.faults.stage import Stage
from tests.mailhost.dkim_keys import DkimKey, make_key
from tests.reports.stored import NOW, make_organisation

READ, UNREAD = "archive", "backlog"
IN_BUCKET = "{}-in-bucket"
"""The databases that are copied: all mails are read in the first, and none in the second."""
MONTHS = range(5)
LATER = datetime(2024, 4, 18, tzinfo=UTC)
"""When retention comes: of one organisation three months are over, of the other one two."""
TERMS = {
    "first": {"reports": 200, "ledger": 220, "sums": 260, "raw": 190},
    "second": {"reports": 230, "ledger": 230, "sums": 400, "raw": 190},
}
HELD = "example.net"
SIGNER = "receiver.example"


@contextmanager
def connected(database: str) -> Iterator[None]:
    """Lead this process to another database for a while."""
    crew.use_database(database)
    try:
        yield
    finally:
        crew.use_database(DATABASE)


@cache
def key() -> DkimKey:
    """By which rivals are signed."""
    return make_key(SIGNER)


def records() -> dict[str, bytes]:
    """What the name server would say."""
    name, value = key().record().split(" 300 IN TXT ")
    return {name.rstrip("."): value.replace('" "', "").strip('"').encode()}


@cache
def templates(stage: Stage) -> dict[str, str]:
    """Fill the databases that are copied."""
    for name, take in ((READ, ingest), (UNREAD, ledger.take_in)):
        stage.copy_database(name, of=stage.EMPTY)
        with connected(name):
            for slug, terms in TERMS.items():
                organisation = make_organisation(slug)
                Retention.objects.create(organisation=organisation, **terms)
                for month in reversed(MONTHS):
                    take(_arrivals(slug, month), organisation=organisation, at=NOW)  # type: ignore[operator]
            Message.objects.update(sender_due_at=NOW)
            Domain.objects.filter(organisation__slug="first", name=HELD).update(
                held_at=NOW, held_by_name="Ada", hold_reason="case 7"
            )
    return {READ: READ, UNREAD: UNREAD}


@cache
def in_bucket(stage: Stage, name: str) -> str:
    """The same database, whose bytes lie in the bucket."""
    moved = IN_BUCKET.format(templates(stage)[name])
    stage.copy_database(moved, of=name)
    with connected(moved), stage.store.kept_in(moved):
        for _ in move_all():
            pass
    return moved


def _arrivals(slug: str, month: int) -> list[Arrival]:
    came = NOW - timedelta(days=31 * month)
    mails = list(old_mails(month))
    if month == 0:
        for number in range(4):
            first, second, again, last = rivals(number)
            mails += [key().sign(first), second, key().sign(again), key().sign(last)]
    return [
        Arrival(each, Channel.UPLOAD, came + timedelta(minutes=number), filename=f"{slug}-{number}.eml")
        for number, each in enumerate(mails)
    ]
