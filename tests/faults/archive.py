"""Owns the databases that long work is hurt in: each a copy of one that was filled once, so that nothing else is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from django.db import connection, transaction

from reports.models import Job, Message, Organisation
from reports.partitions import TABLE
from reports.rollups.check import check_rollups
from tests.faults import crew
from tests.faults.crew import Script
from tests.faults.dump import ORDER_DECIDES, Dump, differences, dump, outcomes
from tests.faults.scene import NotIdentical
from tests.faults.stage import Stage
from tests.faults.templates import LATER, READ, TERMS, connected, in_bucket, templates
from tests.faults.workers import Worker

IN, INTO, OUT = "in", "into", "out"
MOST_RUNS = 6
RIGHT = {"wrong sums": ["0"], "unread": ["0"], "bucket": []}
"""What the end of all work is known to be, lest a mistake be made with and without faults alike."""


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
    bucket: str = ""
    """IN: bytes lie in a bucket. INTO and OUT: they are to be moved there, or back. Without it, they stay in the database."""
    only: frozenset[str] = frozenset()
    """The tables that are the same whatever happens, where others depend on who was first."""


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
    most_again: int | None = None
    """How many messages may have been claimed more than once; None where any may."""

    def hurt(self, work: Work, *, requests: int | None = None, locked: int = 0) -> str:
        """Do the work with so many workers, each of which is killed before an act of its share, or at any moment. After so many
        `requests` the bucket is away. So many of the first messages are `locked` meanwhile.
        """
        expected = self._begin(work)
        if requests is not None:
            self.stage.store.door.requests_left = requests
        with self._locked(locked):
            told = self._hurt(expected, work)
        if work.bucket:
            self.stage.store.door.open()
        return f"killed before act {', '.join(told)} of {len(expected.acts)}"

    def _hurt(self, expected: Undisturbed, work: Work) -> list[str]:
        told = []
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
        return told

    @contextmanager
    def _locked(self, count: int) -> Iterator[None]:
        """Hold the rows of so many unread messages, the first ones, as another reader does for a moment: nobody waits for them."""
        if not count:
            yield
            return
        with connected(self.name.lower()), transaction.atomic():
            unread = Message.objects.filter(outcome=None).order_by("received_at", "pk")
            list(unread.select_for_update()[:count])
            yield

    def overtake(self, work: Work) -> str:
        """Do the work with workers of which each comes when what those before it have taken is free again, and who all go on."""
        expected = self._begin(work)
        workers = []
        for turn in range(work.workers):
            workers.append(self._start(Script(at=_at(work, turn))))
            workers[-1].pause(self.rng.uniform(0, expected.seconds / 4))
        _all_end(workers)
        return f"{work.workers} workers, each of which takes those before it for dead"

    def contest(self, work: Work) -> str:
        """Do the work with workers of different duties, some of which rest somewhere, or are killed."""
        expected, told = self._begin(work), []
        workers = []
        for number in range(work.workers):
            rests, dies = self._somewhere(expected, 0.8), self._somewhere(expected, 0.3)
            workers.append(self._start(Script(number=number, rests_before=rests, dies_before=dies, at=_at(work, 0))))
            told.append(f"{number} rests before {rests}, dies before {dies}")
        _all_end(workers)
        return ", ".join(told)

    def _somewhere(self, expected: Undisturbed, share: float) -> int | None:
        return crew.place_to_die(expected.acts, self.rng) if self.rng.random() < share else None

    def _begin(self, work: Work) -> Undisturbed:
        self.work = work
        expected = undisturbed(self.stage, work)
        _copy(work, self.stage, self.name.lower())
        with connected(self.name.lower()):
            work.prepare()
        return expected

    def _start(self, script: Script) -> Worker:
        work = self.work
        assert work is not None
        return _worker(work, self.stage, self.name.lower(), script)

    def settle(self) -> None:
        """Do the work once more without a fault. Raises NotIdentical where it fails."""
        if self.work:
            _to_the_end(self.work, self.stage, self.name.lower())

    def compare(self) -> None:
        """Raise NotIdentical unless all tables are those of the work without faults."""
        if self.work is None:
            return
        with connected(self.name.lower()):
            found = _all_tables(self.work) | _bucket(self.work, self.stage, self.name.lower())
            again = Message.objects.filter(tries__gt=2).count()
        self.stage.drop_database(self.name.lower())
        if self.most_again is not None and again > self.most_again:
            raise NotIdentical(f"{again} messages were claimed more than once")
        if lines := differences(undisturbed(self.stage, self.work).tables, found):
            raise NotIdentical("\n".join(lines))


@cache
def undisturbed(stage: Stage, work: Work) -> Undisturbed:
    """The same work without faults."""
    database = f"undisturbed-{work.target.__name__}-{work.bucket}-{'-'.join(map(str, work.arguments[:1]))}"[:60]
    _copy(work, stage, database)
    with connected(database):
        whole = _all_tables(work)
        work.prepare()
        prepared, kept = _all_tables(work), work.keeps()
    began = datetime.now(UTC)
    acts = _to_the_end(work, stage, database)
    seconds = (datetime.now(UTC) - began).total_seconds()
    with connected(database):
        tables, found = _all_tables(work) | _bucket(work, stage, database), work.keeps()
    if found != kept:
        raise NotIdentical(f"without a fault: {kept} became {found}")
    right = RIGHT | ({"unread": prepared["unread"]} if work.template == READ else {})
    right |= {"wrong sums": tables["wrong sums"]} if work.mends else {}  # spoilt rows that are left alone
    if wrong := {name: tables[name] for name in right if tables.get(name, right[name]) != right[name]}:
        raise NotIdentical(f"without a fault: {wrong}")
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


def _copy(work: Work, stage: Stage, database: str) -> None:
    if work.bucket in (IN, OUT):
        moved = in_bucket(stage, work.template)
        stage.copy_database(database, of=moved)
        stage.store.copy(database, of=moved)
    else:
        stage.copy_database(database, of=templates(stage)[work.template])


def _worker(work: Work, stage: Stage, database: str, script: Script) -> Worker:
    if work.bucket:
        script = replace(script, store=stage.store.setting(database, is_only_read=work.bucket == OUT))
    return Worker(work.target, database, *work.arguments, script)


def _bucket(work: Work, stage: Stage, database: str) -> Dump:
    """What is wrong in the bucket, and what lies there: numbers of organisations are those of the template."""
    if not work.bucket:
        return {}
    wrong = stage.store.faults(database)
    return {"bucket": wrong} | ({} if work.only else {"objects": sorted(stage.store.names(database))})


def _to_the_end(work: Work, stage: Stage, database: str) -> str:
    for turn in range(2, MOST_RUNS):
        worker = _worker(work, stage, database, Script(at=_at(work, turn)))
        acts = worker.says()
        if worker.ends() == 0:
            return str(acts)
    raise NotIdentical(f"{work.target.__name__} does not come to an end")


def _at(work: Work, turn: int) -> datetime:
    return LATER + turn * timedelta(hours=work.hours)


def _all_tables(work: Work) -> Dump:
    found: Dump = {}
    without = ORDER_DECIDES if work.workers > 1 else frozenset()
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
    found["unread"] = [str(Message.objects.filter(outcome=None).count())]
    return {table: lines for table, lines in found.items() if table in work.only} if work.only else found
