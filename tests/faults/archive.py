"""Owns the databases that long work is hurt in: each a copy of one that was filled once, so that nothing else is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from django.db import connection

from dmarcsite.services.places import DATABASE
from reports.ingest import ledger
from reports.ingest.ledger import Arrival
from reports.ingest.pipeline import ingest
from reports.models import Domain, Job, Message, Organisation, Retention
from reports.partitions import TABLE
from reports.rollups.check import check_rollups
from reports.vocabulary import Channel
from tests.faults import crew
from tests.faults.crew import Script
from tests.faults.dump import Dump, differences, dump, outcomes
from tests.faults.mails import old_mails, rivals
from tests.faults.scene import ORDER_DECIDES, NotIdentical
from tests.faults.stage import Stage
from tests.faults.workers import Worker
from tests.mailhost.dkim_keys import DkimKey, make_key
from tests.reports.stored import NOW, make_organisation

READ, UNREAD = "archive", "backlog"
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
MOST_RUNS = 6


@dataclass(frozen=True, slots=True)
class Work:
    """Long work: what a worker does, which database it is done in, and what is done there before by the lane itself."""

    target: Callable[..., None]
    template: str = READ
    prepare: Callable[[], Any] = lambda: None
    arguments: tuple[Any, ...] = ()
    hours: int = 0
    """How much later whoever comes after a killed worker comes: when what that one had taken is free again."""
    workers: int = 1
    one_dies: bool = False
    """A message whose reading was ended twice is taken for the reason of it, so no two workers may die of the same one."""
    keeps: Callable[[], object] = lambda: None
    """What must be the same before and after."""
    mends: str = ""
    """Whose tables it makes those of the template again; all others it leaves as they are. Without it, it may do anything."""


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """What the work leaves without faults, and its acts (crew.count_acts)."""

    tables: Dump
    acts: str
    seconds: float


@dataclass
class ArchiveScene:
    """A database for one injection. `rng` decides everything that is not decided by the kind of injection."""

    stage: Stage
    rng: Random
    name: str
    work: Work | None = None

    def hurt(self, work: Work) -> str:
        """Do the work with so many workers, each of which is killed before an act of its share, or at any moment."""
        expected, told = self._begin(work), []
        for turn in range(1 if work.one_dies else self.rng.choice((1, 2))):
            workers = []
            for _ in range(work.workers):
                number = crew.place_to_die(expected.acts[: len(expected.acts) // work.workers], self.rng)
                lives = work.one_dies and bool(workers)
                workers.append(self._start(Script(dies_before=None if lives else number, at=_at(work, turn))))
                told += [] if lives else [str(number)]
            if not work.one_dies and self.rng.random() < 0.3:
                workers[0].pause(self.rng.uniform(0, expected.seconds))
                workers[0].kill()
            _all_end(workers)
        return f"killed before act {', '.join(told)} of {len(expected.acts)}"

    def overtake(self, work: Work) -> str:
        """Do the work with workers of which each comes when what those before it have taken is free again, and who all go on."""
        expected = self._begin(work)
        workers = []
        for turn in range(work.workers):
            workers.append(self._start(Script(at=_at(work, turn))))
            workers[-1].pause(self.rng.uniform(0, expected.seconds / 4))
        _all_end(workers)
        return f"{work.workers} workers, each of which takes those before it for dead"

    def _begin(self, work: Work) -> Undisturbed:
        self.work = work
        expected = undisturbed(self.stage, work)
        self.stage.copy_database(self.name.lower(), of=_templates(self.stage)[work.template])
        with connected(self.name.lower()):
            work.prepare()
        return expected

    def _start(self, script: Script) -> Worker:
        work = self.work
        assert work is not None
        return Worker(work.target, self.name.lower(), *work.arguments, script)

    def settle(self) -> None:
        """Do the work once more without a fault. Raises NotIdentical where it fails."""
        if self.work:
            _to_the_end(self.work, self.name.lower())

    def compare(self) -> None:
        """Raise NotIdentical unless all tables are those of the work without faults."""
        if self.work is None:
            return
        with connected(self.name.lower()):
            found = _all_tables(without=_without(self.work))
        self.stage.drop_database(self.name.lower())
        if lines := differences(undisturbed(self.stage, self.work).tables, found):
            raise NotIdentical("\n".join(lines))


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
def undisturbed(stage: Stage, work: Work) -> Undisturbed:
    """The same work without faults."""
    database = f"undisturbed-{work.target.__name__}-{'-'.join(map(str, work.arguments[:1]))}"[:60]
    stage.copy_database(database, of=_templates(stage)[work.template])
    with connected(database):
        whole = _all_tables(without=_without(work))
        work.prepare()
        prepared, kept = _all_tables(without=_without(work)), work.keeps()
    began = datetime.now(UTC)
    acts = _to_the_end(work, database)
    seconds = (datetime.now(UTC) - began).total_seconds()
    with connected(database):
        tables, found = _all_tables(without=_without(work)), work.keeps()
    if found != kept:
        raise NotIdentical(f"without a fault: {kept} became {found}")
    if work.mends:
        wanted = {
            name: (whole if name.split()[0] == work.mends else prepared)[name]
            for name in prepared
            if name.split()[0] in TERMS
        }
        if lines := differences(wanted, {name: tables[name] for name in wanted}):
            raise NotIdentical("without a fault:\n" + "\n".join(lines))
    stage.drop_database(database)
    return Undisturbed(tables, acts, seconds)


def _all_end(workers: Sequence[Worker]) -> None:
    for each in workers:
        each.says()
        each.ends()


def _to_the_end(work: Work, database: str) -> str:
    for turn in range(2, MOST_RUNS):
        worker = Worker(work.target, database, *work.arguments, Script(at=_at(work, turn)))
        acts = worker.says()
        if worker.ends() == 0:
            return str(acts)
    raise NotIdentical(f"{work.target.__name__} does not come to an end")


def _at(work: Work, turn: int) -> datetime:
    return LATER + turn * timedelta(hours=work.hours)


def _without(work: Work) -> frozenset[str]:
    return ORDER_DECIDES if work.workers > 1 else frozenset()


def _all_tables(*, without: frozenset[str]) -> Dump:
    found: Dump = {}
    for organisation in Organisation.objects.order_by("slug"):
        for table, lines in dump(organisation, without=without).items():
            found[f"{organisation.slug} {table}"] = lines
        found[f"{organisation.slug} outcomes"] = outcomes(organisation)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tableoid::regclass::text, count(*) FROM {TABLE} GROUP BY 1 ORDER BY 1")
        found["partitions"] = [str(row) for row in cursor.fetchall()]
    jobs = Job.objects.values_list("state", "done", "total", "result").order_by("pk")
    found["jobs"] = [
        str([*job, {name: value for name, value in result.items() if name != "trying"}]) for *job, result in jobs
    ]
    found["wrong sums"] = [str(check_rollups(at=LATER, repair=False).differing)]
    return found


@cache
def _templates(stage: Stage) -> dict[str, str]:
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
