"""/readyz names what is missing, and nothing else."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client, RequestFactory
from django.utils import timezone

from dmarcsite.monitoring import changes, heartbeat, ready
from dmarcsite.monitoring.changes import WithoutProbes
from dmarcsite.tasks import beat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_known_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr(ready, "_schema", ready._Schema())
    monkeypatch.setattr(changes, "_wrong", {})


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
    ((app, newest),) = MigrationExecutor(connection).loader.graph.leaf_nodes("reports")
    MigrationRecorder(connection).record_unapplied(app, newest)
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
        "ready": True, "degraded": [], "checks": {"database": "ok", "migrations": "ok", "broker": "ok", "beat": "ok"},
    }  # fmt: skip
    assert client.get("/readyz").status_code == 200


def test_many_probes_that_find_the_same_are_one_line_and_the_way_back_is_another(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        assert client.get("/readyz").status_code == 503
    beat()
    for _ in range(5):
        assert client.get("/readyz").status_code == 200
    assert [(record.levelname, record.getMessage().partition(" has run")[0]) for record in caplog.records] == [
        ("WARNING", "/readyz: beat: no scheduled task"),
        ("WARNING", "/readyz: all is well again"),
    ]


def test_healthz_is_as_quiet(client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(*args: object) -> None:
        raise InterfaceError("connection already closed")

    assert client.get("/healthz").content == b"ok\n"
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", refuse)
        for _ in range(3):
            answer = client.get("/healthz")
            assert (answer.status_code, answer.content) == (503, b"the database cannot be reached\n")
    assert client.get("/healthz").status_code == 200
    assert [record.getMessage() for record in caplog.records] == [
        "/healthz: database: the database cannot be reached",
        "/healthz: all is well again",
    ]


def test_a_database_that_goes_away_in_between_is_no_exception(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ProgrammingError("relation dmarcsite_cache does not exist")

    monkeypatch.setattr(heartbeat, "last_beat", refuse)
    status, found = checks(client)
    assert (status, found["beat"]) == (503, "unknown")
    assert found["database"] == "the database went away, or is empty: run manage.py prepare"


def test_other_answers_and_exceptions_of_probes_stay_in_the_log() -> None:
    def line(path: str, **more: object) -> logging.LogRecord:
        return logging.makeLogRecord({"request": RequestFactory().get(path), **more})

    leaves_out = WithoutProbes().filter
    assert [leaves_out(line("/readyz")), leaves_out(line("/reports/"))] == [False, True]
    assert leaves_out(line("/readyz", exc_info=(ValueError, ValueError(), None)))
    assert leaves_out(logging.makeLogRecord({}))
