"""Owns the kinds of injection: what goes wrong, where the seed says, while workers visit a mailbox."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import timedelta

from django.db import connection

from tests.faults import crew
from tests.faults.crew import Script
from tests.faults.mails import world
from tests.faults.places import FOLDER
from tests.faults.rings import deadlock
from tests.faults.scene import CannotRun, NotIdentical, Scene
from tests.faults.visits import ended, held
from tests.faults.workers import Worker

KILLED = -signal.SIGKILL
LONG_ENOUGH = 3.0
"""In which the job that reads what others left has read what a held worker has; it waits for what that one is storing."""


def kill_step(scene: Scene) -> str:
    """kill -9 right after a checkpoint, and again after one of the visit that tidies up."""
    places = [scene.rng.randrange(len(scene.baseline.steps)) for _ in range(scene.rng.choice((1, 2, 2)))]
    for place in places:
        ended(scene.visit(Script(dies_at=place)), KILLED, 0, crew.NOT_VISITED)
    return "after " + ", ".join(f"{place} ({scene.baseline.steps[place]})" for place in places)


def kill_act(scene: Scene) -> str:
    """kill -9 before anything that a worker tells PostgreSQL or the mail server, and again in the visit that tidies up; often
    where it turns from the one to the other.
    """
    acts, rng = scene.baseline.acts, scene.rng
    numbers = [crew.place_to_die(acts, rng) for _ in range(rng.choice((1, 2, 2)))]
    for number in numbers:
        ended(scene.visit(Script(dies_before=number)), KILLED, 0, crew.NOT_VISITED)
    return f"before act {', '.join(map(str, numbers))} of {len(acts)}"


def many_workers(scene: Scene) -> str:
    """Two to four workers read an organisation's mail at once from as many mailboxes, beside the job that reads what others
    left; each of them may be killed before any act.
    """
    count = scene.rng.choice((2, 3, 4))
    scene.deal(count)
    deaths = [scene.rng.choice((None, scene.rng.randrange(len(scene.baseline.acts) // count))) for _ in range(count)]
    workers = [scene.visit(Script(dies_before=death), number=number) for number, death in enumerate(deaths)]
    jobs = [Worker(crew.finish_interrupted, has_line=False) for _ in range(scene.rng.choice((0, 1, 2)))]
    for each in workers:
        ended(each, 0, KILLED, crew.NOT_VISITED)
    for job in jobs:
        ended(job, 0)
    return f"{count} workers, killed before act {deaths}, {len(jobs)} jobs"


def kill_moment(scene: Scene) -> str:
    """kill -9 at any moment."""
    moments = [scene.rng.uniform(0, scene.baseline.seconds) for _ in range(scene.rng.choice((1, 2)))]
    for moment in moments:
        worker = scene.visit()
        worker.pause(moment)
        worker.kill()
    return "after " + ", ".join(f"{moment * 1000:.0f} ms" for moment in moments)


def postgres_restart(scene: Scene) -> str:
    """Immediate shutdown of PostgreSQL while a worker is at a checkpoint, or at any moment of a visit."""
    place = scene.rng.randrange(len(scene.baseline.steps))
    if scene.rng.random() < 0.6:
        worker, where = held(scene, place), f"at {place} ({scene.baseline.steps[place]})"
    else:
        moment = scene.rng.uniform(0.02, scene.baseline.seconds)
        worker, where = scene.visit(), f"after {moment * 1000:.0f} ms"
        worker.pause(moment)
    connection.close()
    scene.stage.crash_postgres()
    if is_late := scene.rng.random() < 0.5:
        worker.go_on()
        worker.ends()
    scene.stage.start_postgres()
    worker.go_on()
    worker.ends()
    return f"{where}, {'gone for good' if is_late else 'back at once'}"


def session_cut(scene: Scene) -> str:
    """An administrator ends the worker's database session, once, or again and again while the same mail is read: then it is
    not the mail's fault.
    """
    steps = scene.baseline.steps
    places = [scene.rng.randrange(len(steps))]
    if scene.rng.random() < 0.5:
        places = [scene.rng.choice([number for number, step in enumerate(steps) if step == "read"]), 0, 0, 0, 0]
    count = sum(_cut_at(scene, place) for place in places)
    return f"at {places[0]} ({steps[places[0]]}), {count} sessions in {len(places)} visits"


def _cut_at(scene: Scene, place: int) -> int:
    worker = held(scene, place)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        (count,) = cursor.fetchone()
    worker.go_on()
    worker.ends()
    return int(count)


def cut_within_copy(scene: Scene) -> str:
    """An administrator ends the worker's session in the middle of a COPY: after some mails of a batch are on their way."""
    with scene.box.dovecot.connect(scene.box.user) as client:
        epoch = client.select_folder(FOLDER, readonly=True)[b"UIDVALIDITY"]
        key = scene.rng.choice(client.search())
    organisation, mailbox = scene.organisation.pk, scene.mailbox.pk
    # The worker's COPY comes upon the same key, and waits to learn whether it stays.
    entry = (
        "INSERT INTO reports_message (organisation_id, channel, mailbox_id, folder, epoch, key, filename, subject, sender, "
        f"received_at, tries, reason, problems) VALUES ({organisation}, 'imap', {mailbox}, '{FOLDER}', '{epoch}', '{key}', "
        "'', '', '', now(), 1, '', '[]')"
    )
    cut = (
        "SELECT 1 / count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    rival = Worker(crew.rival, [entry], [cut])
    if rival.says() is None:
        raise NotIdentical("the second session failed")
    status = scene.visit().ends()
    answer = rival.says()
    rival.ends()
    if answer != "got all":
        raise NotIdentical(f"nobody waited for who enters the same mail: {answer}")
    return f"at UID {key}, the worker {'failed' if status else 'went on'}, the other: {answer}"


def imap_cut(scene: Scene) -> str:
    """The connection to the mail server ends up to three times: at a byte that the server sends, most of which is FETCH, or
    at a byte that the worker sends, so that a command does not arrive."""
    side = scene.rng.randrange(2)
    passed = scene.baseline.passed[side]
    resets = scene.rng.random() < 0.5
    cuts = sorted(scene.rng.randrange(1, passed) for _ in range(scene.rng.choice((1, 2, 3))))
    with scene.wire(cuts, side=side, resets=resets):
        for _ in cuts:
            ended(scene.visit(), 0)
    whose = ("the server", "the worker")[side]
    return f"at byte {', '.join(map(str, cuts))} of {passed} from {whose}" + (" by RST" if resets else "")


def uidvalidity(scene: Scene) -> str:
    """The folder gets a new UIDVALIDITY (it is made anew with the same mail), after a visit that was killed or not."""
    place = scene.rng.randrange(len(scene.baseline.steps))
    status = ended(scene.visit(Script(dies_at=place)), KILLED, 0) if scene.rng.random() < 0.8 else None
    with scene.box.dovecot.connect(scene.box.user) as client:
        client.rename_folder(FOLDER, "Old")
        client.create_folder(FOLDER)
        client.select_folder("Old")
        if uids := client.search():
            client.copy(uids, FOLDER)
        client.unselect_folder()
        client.delete_folder("Old")
    return "before the first visit" if status is None else f"killed after {place} ({scene.baseline.steps[place]})"


def mail_again(scene: Scene) -> str:
    """Some mails are delivered a second time, before or in the middle of a visit: they are known by their bytes."""
    mails = scene.copies = scene.rng.sample(world(scene.number), scene.rng.randint(1, 8))
    place = scene.rng.randrange(len(scene.baseline.steps))
    if scene.rng.random() < 0.3:
        scene.box.put(mails)
        return f"{len(mails)} mails before the visit"
    worker = held(scene, place)
    scene.box.put(mails)
    worker.go_on()
    ended(worker, 0)
    return f"{len(mails)} mails at {place} ({scene.baseline.steps[place]})"


def task_again(scene: Scene) -> str:
    """The task is delivered twice, or thrice, at once; beside them runs the job that reads what others left unread."""
    count = scene.rng.choice((2, 3))
    steps = scene.baseline.steps
    between = [number for number, step in enumerate(steps) if step in ("taken in", "read")]
    place = scene.rng.choice(between) if scene.rng.random() < 0.6 else scene.rng.randrange(len(steps))
    first = held(scene, place)
    others = [scene.visit() for _ in range(count - 1)]
    job = Worker(crew.finish_interrupted, has_line=False)
    job.pause(scene.rng.choice((scene.rng.uniform(0, 0.1), LONG_ENOUGH)))
    first.go_on()
    for each in (first, *others):
        ended(each, 0, crew.NOT_VISITED)
    ended(job, 0)
    return f"{count} workers, the first held at {place} ({steps[place]})"


def frozen(scene: Scene) -> str:
    """A worker stands still (SIGSTOP) in the middle and others come by; then it goes on."""
    place = scene.rng.randrange(len(scene.baseline.steps))
    worker = held(scene, place)
    worker.signal(signal.SIGSTOP)
    ended(scene.visit(), 0, crew.NOT_VISITED)
    worker.signal(signal.SIGCONT)
    worker.go_on()
    ended(worker, 0)
    return f"at {place} ({scene.baseline.steps[place]})"


def disk_full(scene: Scene) -> str:
    """PostgreSQL's disk is full for the length of several visits; then there is room again."""
    if not scene.stage.var.is_mount():
        raise CannotRun("no disk can be mounted here, which takes root and CAP_SYS_ADMIN")
    leave = scene.rng.choice((0, 8, 64, 256, 1024)) * 1024
    place = scene.rng.choice((None, scene.rng.randrange(len(scene.baseline.steps))))
    visits = scene.rng.randint(1, 5)
    worker = None if place is None else held(scene, place)
    connection.close()
    scene.stage.fill_disk(leave=leave)
    try:
        if worker is not None:
            worker.go_on()
            worker.ends()
        failed = sum(scene.visit().ends() != 0 for _ in range(visits))
    finally:
        scene.stage.free_disk()
    since = "from the start" if place is None else f"from {place} ({scene.baseline.steps[place]})"
    return f"{leave >> 10} KiB left, {failed} of {visits} visits failed, {since}"


def clock_jump(scene: Scene) -> str:
    """The clock jumps in the middle of visits, by minutes or years, forward and back."""
    far = (timedelta(minutes=11), timedelta(hours=7), timedelta(days=40), timedelta(days=900))
    jumps = tuple(
        (scene.rng.randrange(12), scene.rng.choice(far) * scene.rng.choice((1, -1)))
        for _ in range(scene.rng.randint(1, 4))
    )
    place = scene.rng.choice((None, scene.rng.randrange(len(scene.baseline.steps))))
    ended(scene.visit(Script(jumps=jumps, dies_at=place)), 0, KILLED)
    ended(scene.visit(Script(jumps=jumps)), 0)
    killed = "" if place is None else f"killed after {place} ({scene.baseline.steps[place]}); "
    return killed + ", ".join(f"{off.total_seconds() / 3600:+.1f} h at call {call}" for call, off in jumps)


KINDS: dict[str, Callable[[Scene], str]] = {
    each.__name__: each
    for each in (
        kill_step, kill_act, kill_moment, many_workers, postgres_restart, session_cut, cut_within_copy, imap_cut,
        uidvalidity, mail_again, task_again, frozen, disk_full, clock_jump, deadlock,
    )
}  # fmt: skip
IMAP_ONLY = frozenset({"imap_cut", "uidvalidity", "cut_within_copy"})
"""What has a wire, epochs and keys that are known beforehand."""
