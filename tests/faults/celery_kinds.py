"""Owns the injections that hurt real Celery workers, beats and their broker; the product has to come to the end by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db.models import F

from reports.ingest import ledger
from reports.ingest.ledger import LAST_TRY_LATER, TRIES
from reports.models import Mailbox, Message
from reports.vocabulary import Channel
from tests.faults import crew
from tests.faults.mails import letter
from tests.faults.scene import Scene
from tests.faults.workers import Worker, wait_until
from tests.reports.stored import NOW

ITSELF_SECONDS = 120.0
"""So long a worker and a beat may take to come to the end by themselves after their broker was lost."""
PREFORK = ("--pool=prefork", "--concurrency=2")


def valkey_restart(scene: Scene) -> str:
    """Valkey is killed and comes back empty, or is emptied, while a Celery worker works: all that was queued is lost. An upload
    that nobody reads any more lies there too.
    """
    moment, is_double = scene.rng.uniform(0, scene.baseline.seconds), scene.rng.random() < 0.5
    is_killed = scene.rng.random() < 0.6
    scene.uploads = [scene.box.as_left(letter(scene.number))]
    lost = ledger.Arrival(scene.uploads[0], Channel.UPLOAD, NOW)  # its reader has died, and its task is in no queue
    ledger.take_in([lost], organisation=scene.organisation, at=NOW)
    with _at_work(workers=1, beats=1) as team:
        _until(lambda: Message.objects.filter(mailbox=scene.mailbox).exists(), scene, "a visit")
        team[0].pause(moment)
        scene.stage.crash_valkey() if is_killed else scene.stage.empty_valkey()
        if is_double:
            team[0].kill()
            team[0] = Worker(crew.celery_worker, has_line=False)
        if is_killed:
            scene.stage.start_valkey()
        _by_themselves(scene)
    how = "killed" if is_killed else "emptied"
    return f"{how} {moment * 1000:.0f} ms after the first mail" + (", with the worker" if is_double else "")


def two_beats(scene: Scene) -> str:
    """Two beats and two or three workers on one Valkey; every mailbox is due again and again."""
    count = scene.rng.choice((2, 3))
    with _at_work(workers=count, beats=2):
        _by_themselves(scene)
    return f"{count} workers"


def pool_killed(scene: Scene) -> str:
    """The processes of a worker's pool are killed as the kernel does where memory is out; what they had is delivered again."""
    # A mail that is there three times is taken for the reason.
    moments = [scene.rng.uniform(0, scene.baseline.seconds) for _ in range(scene.rng.choice((1, 2)))]
    killed = 0
    with _at_work(workers=1, beats=1, pool=PREFORK) as team:
        for moment in moments:
            _until(lambda: Message.objects.filter(mailbox=scene.mailbox).exists(), scene, "a visit")
            team[0].pause(moment)
            killed += _kill_children(team[0])
            last = Message.objects.filter(mailbox=scene.mailbox, outcome=None, tries=TRIES - 1)
            last.update(claimed_at=F("claimed_at") - LAST_TRY_LATER)  # so long it waits
        _by_themselves(scene)
    return f"{killed} processes killed in {len(moments)} turns"


@contextmanager
def _at_work(*, workers: int, beats: int, pool: tuple[str, ...] = ()) -> Iterator[list[Worker]]:
    team = [Worker(crew.celery_worker, *pool, has_line=False) for _ in range(workers)]
    team += [Worker(crew.celery_beat, has_line=False) for _ in range(beats)]
    try:
        yield team
    finally:
        for each in team:
            if pool:
                each.signal(signal.SIGTERM)
                each.pause(5)
            each.kill()


def _kill_children(worker: Worker) -> int:
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    for child in children:
        with suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)
    return len(children)


def _by_themselves(scene: Scene) -> None:
    """Until Celery has brought the mailbox to its end with no help but the passing of time."""
    _until(scene.is_quiet, scene, "the end by themselves")


def _until(probe: Callable[[], bool], scene: Scene, what: str) -> None:
    def is_so() -> bool:
        Mailbox.objects.filter(pk=scene.mailbox.pk).update(due_at=scene.mailbox.due_at)  # its interval is over
        return probe()

    wait_until(is_so, seconds=ITSELF_SECONDS, what=what)


CELERY_KINDS: dict[str, Callable[[Scene], str]] = {
    each.__name__: each for each in (valkey_restart, two_beats, pool_killed)
}
