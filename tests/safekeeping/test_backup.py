"""A backup restored into an empty database is the database; what is missing or in the way is said before anything changes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from dmarcsite.env import new_key

ROOT = Path(__file__).parents[2]
FIXTURE = """
from django.utils import timezone
from reports.models import Domain, Organisation
from reports.vocabulary import Channel
from reports.ingest.pipeline import ingest_bytes
from exceptions.publishing.publish import publish
from tests.reports.stored import make_organisation, record, report
org = make_organisation("org")
at = timezone.now()
for number in range(3):
    ingest_bytes(report(record(count=number + 1), report_id=f"r-{number}"), organisation=org, channel=Channel.FILE, at=at)
print(publish(organisation_id=org.pk, at=at).number)
"""


class Machine:
    """An installation of its own: a database, keys, and the commands of manage.py."""

    def __init__(self, url: str, *, var: Path, keys: str) -> None:
        self._url = url
        self._env = {
            **os.environ, "DATABASE_URL": url, "SEKIMORI_VAR_DIR": str(var), "SEKIMORI_ENCRYPTION_KEYS": keys,
            "DEMO": "0", "PYTHONPATH": str(ROOT), "EMAIL_URL": "",
        }  # fmt: skip

    def manage(self, *arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self._env, input=code, capture_output=True, text=True, check=False, timeout=120
        )

    def done(self, *arguments: str, code: str = "") -> str:
        answer = self.manage(*arguments, code=code)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def shell(self, code: str) -> str:
        return self.done("shell", "--no-imports", "-c", code).strip()

    def content(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every table but the two of passing things."""
        with psycopg.connect(self._url) as connection:
            tables = connection.execute(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
                "AND relnamespace = 'public'::regnamespace AND relname NOT IN ('django_session', 'dmarcsite_cache')"
            ).fetchall()
            return {
                name: sorted(connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name))))
                for (name,) in sorted(tables)
            }


@pytest.fixture
def databases(services: Mapping[str, str]) -> Iterator[list[str]]:
    """The URLs of three empty databases."""
    server, names = services["DATABASE_URL"], [f"sekimori_keep_{number}" for number in range(3)]
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    with psycopg.connect(server, autocommit=True) as connection:
        for name in names:
            connection.execute(drop.format(sql.Identifier(name)))
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield [urlsplit(server)._replace(path=f"/{name}").geturl() for name in names]
        for name in names:
            connection.execute(drop.format(sql.Identifier(name)))


def test_a_backup_goes_into_an_empty_machine_whole_and_says_which_keys_it_needs(
    databases: list[str], tmp_path: Path
) -> None:
    keys = new_key()
    first = Machine(databases[0], var=tmp_path / "first", keys=keys)
    first.done("migrate", "--verbosity", "0")
    assert first.shell(FIXTURE) == "1"
    file = tmp_path / "sekimori.backup"

    said = first.done("backup", str(file))

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert str(tmp_path / "first" / "secrets") in said
    # Refusals: never over a file, never into a database that holds something.
    again = first.manage("backup", str(file))
    assert (again.returncode, "exists already" in again.stderr) == (1, True)
    into_full = first.manage("restore", str(file))
    assert (into_full.returncode, "is not empty" in into_full.stderr) == (1, True)

    second = Machine(databases[1], var=tmp_path / "second", keys=keys)
    second.done("restore", str(file))
    assert second.content() == first.content()
    # The chain of the audit log holds, raw mail opens, and the numbering of policies goes on where it was.
    second.done("verify_audit_log")
    assert (
        second.shell(
            "from reports.models import Message; from reports.ingest.raw import bytes_of\n"
            "print(sum(b'<feedback>' in bytes_of(m.raw) for m in Message.objects.select_related('raw')))"
        )
        == "3"
    )
    assert second.shell(
        "from datetime import timedelta; from django.utils import timezone; from reports.models import Organisation\n"
        "from exceptions.publishing.publish import publish\n"
        "print(publish(organisation_id=Organisation.objects.get(slug='org').pk, "
        "at=timezone.now() + timedelta(days=2)).number)"
    ) == "2"  # fmt: skip

    other_keys = Machine(databases[2], var=tmp_path / "third", keys=new_key())
    without = other_keys.manage("restore", str(file))
    assert without.returncode == 1
    assert "3 values (raw message) need the key" in without.stderr
    assert other_keys.content().keys() == first.content().keys()


def test_a_damaged_backup_leaves_the_database_empty(databases: list[str], tmp_path: Path) -> None:
    machine = Machine(databases[0], var=tmp_path / "var", keys=new_key())
    machine.done("migrate", "--verbosity", "0")
    file = tmp_path / "whole.backup"
    machine.done("backup", str(file))
    cut = tmp_path / "cut.backup"
    cut.write_bytes(file.read_bytes()[:-20_000])
    target = Machine(databases[1], var=tmp_path / "target", keys=new_key())

    answer = target.manage("restore", str(cut))

    assert (answer.returncode, "pg_restore says" in answer.stderr) == (1, True)
    assert target.content() == {}


def test_a_backup_of_a_newer_version_is_refused_and_leaves_the_database_empty(
    databases: list[str], tmp_path: Path
) -> None:
    machine = Machine(databases[0], var=tmp_path / "var", keys=new_key())
    machine.done("migrate", "--verbosity", "0")
    machine.shell(
        "from django.db import connection\n"
        "connection.cursor().execute(\"INSERT INTO django_migrations (app, name, applied) "
        "VALUES ('reports', '9999_of_tomorrow', now())\")"
    )  # fmt: skip
    file = tmp_path / "newer.backup"
    machine.done("backup", str(file))
    target = Machine(databases[1], var=tmp_path / "target", keys=new_key())

    answer = target.manage("restore", str(file))

    assert answer.returncode == 1
    assert "reports.9999_of_tomorrow" in answer.stderr
    assert target.content() == {}
