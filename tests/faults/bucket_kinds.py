"""Owns the injections that hurt an installation which keeps the bytes of mails in a bucket, and the bucket itself."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from tests.faults import bucket_crew, crew
from tests.faults.archive import IN, INTO, OUT, ArchiveScene, Work
from tests.faults.archive_kinds import APPLY, backlog, come_in_again, held_things, senders
from tests.faults.bucket import Store
from tests.faults.crew import Script
from tests.faults.scene import Scene
from tests.faults.visits import ended, held

KILLED = -signal.SIGKILL
REFUSALS = ((503, "SlowDown"), (500, "InternalError"), (403, "AccessDenied"), (404, "NoSuchBucket"))
SLOW, PATIENT = 0.6, 0.3
"""Seconds: how long the bucket takes, and how long a worker waits. What was asked for is done all the same."""
RESULTS = frozenset({"bucket", "wrong sums", "unread"})


def bucket_killed(scene: Scene) -> str:
    """kill -9 of visits whose bytes go into a bucket: before any act, often one that puts an object, or when an object is there
    and the worker does not know yet.
    """
    door, rng, acts, told = scene.stage.store.door, scene.rng, scene.baseline.acts, []
    for _ in range(rng.choice((1, 2, 2))):
        puts = [number for number, act in enumerate(acts) if act == "o"]
        if rng.random() < 0.6:
            number = rng.choice(puts) if rng.random() < 0.5 else crew.place_to_die(acts, rng)
            ended(scene.visit(Script(dies_before=number)), KILLED, 0, crew.NOT_VISITED)
            told.append(f"before act {number} of {len(acts)}")
        else:
            count = rng.randrange(1, len(puts) + 1)
            worker = scene.visit()
            door.kills(worker.pid, after=count)
            ended(worker, KILLED, 0, crew.NOT_VISITED)
            door.open()
            told.append(f"when {count} more objects are there")
    return ", ".join(told)


def bucket_away(scene: Scene) -> str:
    """The bucket is away, refuses or takes too long for some visits, from a step or a request on; mail that a killed worker had
    taken in may wait there unread.
    """
    rng, steps = scene.rng, scene.baseline.steps
    death = rng.choice([None, *(number for number, step in enumerate(steps) if step == "taken in")])
    if death is not None:
        ended(scene.visit(Script(dies_at=death)), KILLED)
    place, requests, visits = (
        rng.choice((None, rng.randrange(4))),
        rng.choice((0, rng.randrange(20))),
        rng.randint(1, 5),
    )
    worker = None if place is None else held(scene, place)
    how = rng.choice(("shut", "refuses", "slow"))
    with _away(scene.stage.store, how, requests=requests, refusal=rng.choice(REFUSALS)):
        if worker is not None:
            worker.go_on()
            worker.ends()
        for _ in range(visits):
            ended(scene.visit(Script(patience=PATIENT)), 0, crew.NOT_VISITED)
    killed = "" if death is None else f", one killed at {death} before"
    return f"{how} after {requests} requests for {visits} visits, from {place}{killed}"


def bucket_work_killed(scene: ArchiveScene) -> str:
    """Long work over bytes in a bucket is killed: the night that lets objects go, reading again, sender checks, a backlog, and
    moving all bytes into the bucket or out of it; the bucket may go away in the middle.
    """
    work = scene.rng.choice((_NIGHT, _NIGHT, _INTO, _OUT, _READ_AGAIN, senders(bucket=IN), backlog(bucket=IN)))
    requests = scene.rng.randrange(80) if scene.rng.random() < 0.3 else None
    told = scene.hurt(work, requests=requests)
    away = "" if requests is None else f", the bucket is away after {requests} requests"
    return f"{work.target.__name__} {work.bucket}, {told}{away}"


def bucket_contested(scene: ArchiveScene) -> str:
    """Mails come in again while their bytes are let go, and whoever does the one or the other rests somewhere, or is killed."""
    return scene.contest(_CONTEST)


@contextmanager
def _away(store: Store, how: str, *, requests: int, refusal: tuple[int, str]) -> Iterator[None]:
    if how == "shut":
        store.door.requests_left = requests
    elif how == "refuses":
        store.door.refuse_with = refusal
    else:
        store.door.seconds = SLOW
    try:
        yield
    finally:
        store.door.open()


_NIGHT = Work(bucket_crew.night, prepare=come_in_again, keeps=held_things, bucket=IN)
_INTO = Work(bucket_crew.move, bucket=INTO, arguments=("into",))
_OUT = Work(bucket_crew.move, bucket=OUT, arguments=("out",))
_READ_AGAIN = replace(APPLY, bucket=IN)
_CONTEST = Work(bucket_crew.contest, bucket=IN, hours=1, workers=2, only=RESULTS)

BUCKET_KINDS: dict[str, Callable[[Scene], str]] = {each.__name__: each for each in (bucket_killed, bucket_away)}
BUCKET_ARCHIVE_KINDS: dict[str, Callable[[ArchiveScene], str]] = {
    each.__name__: each for each in (bucket_work_killed, bucket_contested)
}
