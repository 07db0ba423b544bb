"""What every test may lean on: a database server and a Valkey of this run alone, and no test left out unseen in CI."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dj_database_url
import pytest
from django.conf import settings
from django.db.backends.postgresql.operations import DatabaseOperations

from dmarcsite.celery import app as celery_app  # noqa: F401  (tasks that tests send go to our broker)
from dmarcsite.services.catalogues import compile_catalogues
from dmarcsite.services.embedded import embedded_services
from dmarcsite.services.places import Places

pytest_plugins = ["tests.mailhost.fixtures", "tests.website.fixtures", "tests.browser"]


def pytest_configure() -> None:
    """Japanese pages are Japanese in a fresh checkout too: compiled catalogues are not in it."""
    compile_catalogues(Path(__file__).resolve().parent.parent)


IN_CI = os.environ.get("CI") == "true"


@pytest.fixture(scope="session")
def services() -> Iterator[dict[str, str]]:
    """PostgreSQL and Valkey for this run, started on first use; the value is the environment that names them.

    Servers that DATABASE_URL and REDIS_URL name are used as they are.
    """
    named = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    var = Path(tempfile.mkdtemp(prefix="sekimori-tests-", dir="/tmp"))
    places = Places(var)
    try:
        with embedded_services(
            places, with_postgres="DATABASE_URL" not in named, with_valkey="REDIS_URL" not in named, durable=False
        ):
            yield {"DATABASE_URL": places.database_url, "REDIS_URL": places.redis_url, **named}
    finally:
        shutil.rmtree(var)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(services: dict[str, str], django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Point Django at this run's servers before it connects."""
    settings.DATABASES["default"].update(dj_database_url.parse(services["DATABASE_URL"]))
    settings.REDIS_URL = services["REDIS_URL"]
    broker = services["REDIS_URL"].replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
    settings.CELERY_BROKER_URL = broker


@pytest.fixture(scope="session", autouse=True)
def _static_files_without_collecting() -> None:
    """Templates name static files as they lie in static/, so no test waits for `collectstatic`."""
    settings.STATIC_ROOT = settings.BASE_DIR / "static"
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"


@pytest.fixture(scope="session", autouse=True)
def _empty_tables_past_their_guards() -> Iterator[None]:
    """Tests with real transactions end in TRUNCATE, which the tables of the audit log and of the rules refuse."""
    truncate = DatabaseOperations.sql_flush

    def sql_flush(self: DatabaseOperations, *args: Any, **options: Any) -> list[str]:
        statements = truncate(self, *args, **options)
        return ["SET session_replication_role = replica", *statements, "SET session_replication_role = DEFAULT"]

    DatabaseOperations.sql_flush = sql_flush  # type: ignore[method-assign]
    yield
    DatabaseOperations.sql_flush = truncate  # type: ignore[method-assign]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI nothing may be missing: a test that skips itself fails."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} may not be left out in CI: {report.longrepr[2]}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """The same for a whole module that skips itself."""
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} may not be left out in CI: {report.longrepr[2]}"
    return report
