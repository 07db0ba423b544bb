"""Owns the injections in which two sessions wait for each other: a second one takes what the worker will want."""

from __future__ import annotations

from reports.models import Source
from reports.rollups.buckets import LOCK_CLASS, LOCK_STRIPES
from tests.faults import crew
from tests.faults.scene import NotIdentical, Scene
from tests.faults.visits import held
from tests.faults.workers import Worker


def deadlock(scene: Scene) -> str:
    """A second session holds what the worker will want, waits until the worker waits for it, then wants what the worker has."""
    way = scene.rng.choice((_ring_of_buckets, _ring_of_messages, _ring_of_sources))
    return way(scene)


def _ring_of_buckets(scene: Scene) -> str:
    # What lies last in the order in which the product takes them; then everything before it.
    half = scene.rng.randrange(64, LOCK_STRIPES - 64)
    lock = "SELECT pg_advisory_xact_lock({}, s) FROM generate_series({}, {}) s"
    return "buckets: " + _ring(
        scene, lock.format(LOCK_CLASS, half, LOCK_STRIPES - 1), lock.format(LOCK_CLASS, 0, half - 1), holds_at="read"
    )


def _ring_of_messages(scene: Scene) -> str:
    lock = (
        f"SELECT id FROM reports_message WHERE mailbox_id = {scene.mailbox.pk} AND outcome IS NULL "
        "ORDER BY id {} LIMIT {} FOR UPDATE"
    )
    return "messages: " + _ring(scene, lock.format("DESC", 1), lock.format("DESC", 100), holds_at="read")


def _ring_of_sources(scene: Scene) -> str:
    table = Source._meta.db_table
    insert = (
        f"INSERT INTO {table} (organisation_id, address, created_at) "
        f"SELECT {scene.organisation.pk}, a::inet, now() FROM generate_series({{}}, {{}}) n, "
        "LATERAL (SELECT '192.0.2.' || n AS a) x ON CONFLICT DO NOTHING"
    )
    return "sources: " + _ring(scene, insert.format(16, 30), insert.format(1, 15), holds_at="read", is_first=True)


def _ring(scene: Scene, first: str, then: str, *, holds_at: str, is_first: bool = False) -> str:
    steps = scene.baseline.steps
    places = [number for number, step in enumerate(steps) if step == holds_at] or list(range(len(steps)))
    place = places[0] if is_first else scene.rng.choice(places)
    worker = held(scene, place)
    other = Worker(crew.rival, [first], [then])
    if other.says() is None:
        raise NotIdentical("the second session failed")
    worker.go_on()
    worker.says()
    status = worker.ends()
    answer = other.says()
    other.ends()
    return f"at {place} ({steps[place]}), the worker {'gave way' if status else 'went on'}, the other: {answer}"
