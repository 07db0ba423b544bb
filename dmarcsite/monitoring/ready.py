"""Whether this installation can do its work: its database, its schema, its broker, its schedule."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor

from dmarcsite.monitoring import heartbeat, raw_store

BROKER_SECONDS = 2.0
SCHEMA_ASKED_EVERY = 60.0
WITHOUT = frozenset({"raw_store"})
"""Checks that may fail while pages are shown and everything that came in is kept: no reason to take this process away."""


@dataclass(slots=True)
class _Schema:
    """When the schema was last found complete, as a monotonic time: an old one does not come back by itself."""

    complete_at: float = float("-inf")


_schema = _Schema()


def readiness(*, at: datetime) -> dict[str, str]:
    """Each check with "ok" or what is wrong, in words for an operator; tells no address and no secret."""
    found = {"database": database(), "migrations": "unknown", "broker": _broker(), "beat": "unknown"}
    if found["database"] == "ok":
        try:
            found["migrations"] = _migrations()
            found["beat"] = _beat(at=at)
            found |= raw_store.last_answer()
        except Error:
            found["database"] = "the database went away, or is empty: run manage.py prepare"
    return found


def database() -> str:
    """ "ok", or that it cannot be reached."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return "the database cannot be reached"
    return "ok"


def _migrations() -> str:
    if time.monotonic() - _schema.complete_at < SCHEMA_ASKED_EVERY:
        return "ok"
    executor = MigrationExecutor(connection)
    if missing := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return f"{len(missing)} migrations are not applied: run manage.py prepare"
    _schema.complete_at = time.monotonic()
    return "ok"


def _broker() -> str:
    try:
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=BROKER_SECONDS, socket_timeout=BROKER_SECONDS
        )
        with client:
            client.ping()
    except (redis.RedisError, OSError):
        return "the broker cannot be reached"
    return "ok"


def _beat(*, at: datetime) -> str:
    last = heartbeat.last_beat()
    if last is None:
        return "no scheduled task has run yet: is beat running, and a worker?"
    silent = at - last
    if silent > heartbeat.PATIENCE:
        return f"no scheduled task has run for {int(silent.total_seconds())} seconds: is beat running, and a worker?"
    return "ok"
