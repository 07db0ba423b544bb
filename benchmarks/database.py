"""The benchmark's own PostgreSQL: embedded, durable as in production, with one fresh migrated database for each run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from dmarcsite.services.embedded import embedded_services
from dmarcsite.services.places import DATABASE, DATABASE_USER, Places

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Database:
    """A running server; `pid` is its postmaster's."""

    places: Places
    pid: int

    def fresh(self, name: str) -> dict[str, str]:
        """Make database `name` as a copy of the migrated one; returns the environment of a program that uses it."""
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, DATABASE)
        return self.environment(name)

    def drop(self, name: str) -> None:
        """Drop database `name`: what autovacuum did to it later would be counted as another run's."""
        self._execute("DROP DATABASE {}", name)

    def _execute(self, statement: LiteralString, *names: str) -> None:
        with psycopg.connect(
            host=str(self.places.sockets), user=DATABASE_USER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def environment(self, name: str) -> dict[str, str]:
        """The environment of a program that uses the database `name`, which there must be."""
        return _environment(self.places, database=name)


@contextmanager
def own_database(var: Path, *, durable: bool = True) -> Iterator[Database]:
    """Start the server below `var`, migrate, and stop it at the end. `durable` False is for filling, never for measuring."""
    var.mkdir(mode=0o711, exist_ok=True)
    places = Places(var)
    with embedded_services(places, with_valkey=False, durable=durable) as (server,):
        migrate(_environment(places, database=DATABASE))
        yield Database(places, server.pid)


def migrate(environment: dict[str, str]) -> None:
    """Bring the database of `environment` to what the program expects. Raises CalledProcessError."""
    command = [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def _environment(places: Places, *, database: str) -> dict[str, str]:
    url = places.database_url.removesuffix(DATABASE) + database
    return {**os.environ, "DATABASE_URL": url, "SEKIMORI_VAR_DIR": str(places.var)}
