"""/readyz names what is missing, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from dmarcsite.monitoring import heartbeat, ready
from dmarcsite.tasks import beat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_known_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(ready, "_schema", ready._Schema())


def checks(client: Client) -> tuple[int, dict[str, str]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["checks"]


def test_it_is_not_ready_before_a_scheduled_task_has_run(client: Client) -> None:
    status, found = checks(client)
    assert status == 503
    assert found["beat"].startswith("no scheduled task has run yet")


def test_it_is_not_ready_when_the_last_scheduled_task_is_too_long_ago(client: Client) -> None:
    heartbeat.beat(at=timezone.now() - heartbeat.PATIENCE - timedelta(seconds=2))
    status, found = checks(client)
    assert (status, found["beat"]) == (
        503, "no scheduled task has run for 302 seconds: is beat running, and a worker?",
    )  # fmt: skip


def test_it_is_not_ready_without_its_broker(client: Client, settings: pytest.FixtureRequest) -> None:
    beat()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    assert checks(client) == (
        503, {"database": "ok", "migrations": "ok", "broker": "the broker cannot be reached", "beat": "ok"},
    )  # fmt: skip


def test_it_is_not_ready_while_a_migration_is_missing(client: Client) -> None:
    beat()
    MigrationRecorder(connection).record_unapplied("reports", "0019_uploads_read_in_the_background")
    status, found = checks(client)
    assert (status, found["migrations"]) == (503, "1 migrations are not applied: run manage.py prepare")


def test_without_its_database_it_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise DatabaseError("password for 203.0.113.9 is wrong")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "the database cannot be reached"
    assert b"203.0.113.9" not in answer.content


def test_it_is_ready_when_all_is_there(client: Client) -> None:
    beat()
    assert client.get("/readyz").json() == {
        "ready": True, "checks": {"database": "ok", "migrations": "ok", "broker": "ok", "beat": "ok"},
    }  # fmt: skip
    assert client.get("/readyz").status_code == 200
