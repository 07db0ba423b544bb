"""Owns what kinds of injection ask of one visit: to hold it at a checkpoint, and to see how it ended."""

from __future__ import annotations

from tests.faults.crew import Script
from tests.faults.scene import NotIdentical, Scene
from tests.faults.workers import Worker


def held(scene: Scene, place: int) -> Worker:
    """A visit that waits at a checkpoint."""
    worker = scene.visit(Script(holds_at=place))
    worker.says()
    return worker


def ended(worker: Worker, *allowed: int) -> int:
    """Wait for the end of a worker; raises NotIdentical where its exit status is none of these."""
    status = worker.ends()
    if status not in allowed:
        raise NotIdentical(f"a worker ended with status {status}")
    return status
