"""Owns one running Sekimori: its own database, web server and worker, started as `make up` starts them; no shortcuts in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from celery import Celery
from psycopg import sql

from dmarcsite.schedule import BEAT_SCHEDULE
from dmarcsite.services.answer import HOST, is_healthy
from tests.mailhost.daemon import Daemon, free_port
from tests.mailhost.host import short_directory

ROOT = Path(__file__).parents[2]
ADMINISTRATOR = "admin@example.com"
PASSWORD = "correct-horse-9-battery"
_CELERY = ["-W", "ignore:You're running the worker with superuser:UserWarning", "-m", "celery", "--app", "dmarcsite"]


class Site:
    """Sekimori at `url`; `web` and `worker` may be stopped and started by the test."""

    def __init__(self, directory: Path, *, database_url: str, redis_url: str, demo: bool, read_url: str = "") -> None:
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self._database_url, self._redis_url = database_url, redis_url
        self._environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "DATABASE_READ_URL": read_url,
            "REDIS_URL": redis_url,
            "SEKIMORI_VAR_DIR": str(directory / "var"),
            "SEKIMORI_BASE_URL": self.url,
            "SEKIMORI_ADMIN_EMAIL": ADMINISTRATOR,
            "SEKIMORI_ADMIN_PASSWORD": PASSWORD,
            "SEKIMORI_OUTGOING_ALLOWED_NETWORKS": "127.0.0.0/8",
            "EMAIL_URL": "",
            "DEMO": str(int(demo)),
        }
        gunicorn = ["-m", "gunicorn", "--config", "python:dmarcsite.services.web_server"]
        self.web = self._process([*gunicorn, "--bind", f"{HOST}:{self.port}"], log=directory / "web.log")
        self.worker = self._process(
            [*_CELERY, "--quiet", "worker", "--loglevel", "WARNING", "--concurrency", "1", "--without-gossip"],
            log=directory / "worker.log",
        )

    def manage(self, *arguments: str) -> str:
        """Run manage.py and return what it printed."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True, check=True, timeout=300
        ).stdout

    def start(self) -> None:
        """Prepare the database and start the web server and the worker."""
        self.manage("prepare")
        self.start_web()
        self.worker.start(lambda: True)  # what is sent before it listens waits in the broker

    def start_web(self) -> None:
        """Start the web server (again) and wait for its first answer."""
        self.web.start(lambda: is_healthy(port=self.port, host_header=f"{HOST}:{self.port}"))

    def stop(self) -> None:
        """End both; safe to call twice."""
        self.worker.stop()
        self.web.stop()

    def tick(self, task: str) -> None:
        """Send one entry of beat's schedule through the broker, as beat does when its time has come."""
        (entry,) = (each for each in BEAT_SCHEDULE.values() if each["task"] == task)
        broker = self._redis_url.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
        with Celery(broker=broker, set_as_current=False) as beat:
            beat.send_task(entry["task"], ignore_result=True, **entry["options"])

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What the database answers; for a test to look up where something is, never to change it."""
        with psycopg.connect(self._database_url) as connection:
            connection.read_only = True
            return connection.execute(sql.SQL(statement), parameters).fetchall()  # type: ignore[arg-type]

    def _process(self, arguments: Sequence[str | Path], *, log: Path) -> Daemon:
        return Daemon([sys.executable, *arguments], log=log, environment=self._environment, directory=ROOT)


@contextmanager
def running_site(
    services: Mapping[str, str], *, name: str, number: int, demo: bool = False, replica: str = ""
) -> Iterator[Site]:
    """Start a site beside others: `name` and `number` (from 1) choose its databases in the servers of this test run.

    `replica` is the URL of a server that replicates the database server.
    """
    database = f"sekimori_{name}"
    redis_url, found = re.subn(r"(\?db=|/)\d+$", rf"\g<1>{number}", services["REDIS_URL"])
    assert found, "REDIS_URL must end in the number of a database"
    with short_directory() as directory, _database(services["DATABASE_URL"], database) as database_url:
        read_url = urlsplit(replica)._replace(path=f"/{database}").geturl() if replica else ""
        site = Site(directory, database_url=database_url, redis_url=redis_url, demo=demo, read_url=read_url)
        try:
            site.start()
            yield site
        finally:
            site.stop()


@contextmanager
def _database(server: str, name: str) -> Iterator[str]:
    """An empty database on the server of this URL; the value is its URL."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(drop)
