"""A backup is one file of pg_dump's own format, so that PostgreSQL's tools read it too. Holds no key and no session."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django.db import connection
from django.db.backends.postgresql.client import DatabaseClient
from django.db.migrations.loader import MigrationLoader

from dmarcsite.safekeeping.errors import CannotKeep
from dmarcsite.services.data_folder import postgres_program

PASSING_TABLES = ("django_session", "dmarcsite_cache")
"""Their rows are left out: who is logged in now, and counters of attempts."""


def make_backup(to: Path) -> int:
    """Write the whole database as of one moment to a new file that only its owner may read; returns its bytes.

    The application may go on working meanwhile. Raises CannotKeep; a file that is there is never written over.
    """
    if to.exists():
        raise CannotKeep(f"{to} exists already: name another file, a backup never replaces one.")
    draft = to.with_name(f".{to.name}.part")
    try:
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600, exist_ok=False)  # a name that somebody else has put there is not followed
    except OSError as error:
        raise CannotKeep(f"{to} cannot be written: {error.strerror}.") from None
    try:
        options, database, env = _reach()
        without = [f"--exclude-table-data={table}" for table in PASSING_TABLES]
        _run("pg_dump", ["--format=custom", *without, f"--file={draft}", *options, database], env=env)
        _run("pg_restore", ["--list", str(draft)], env=env)  # what cannot be read back is no backup
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.rename(to)
    finally:
        draft.unlink(missing_ok=True)
    return to.stat().st_size


def restore_backup(source: Path) -> None:
    """Bring a backup into an empty database, all or nothing. Raises CannotKeep; the database is empty again then."""
    if not source.is_file():
        raise CannotKeep(f"{source} is no file.")
    if tables := _tables():
        raise CannotKeep(
            f"The database is not empty (it has {len(tables)} tables): restore into a new one, "
            "so that nothing which is there is lost."
        )
    options, database, env = _reach()
    whole = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run("pg_restore", [*whole, *options, f"--dbname={database}", str(source)], env=env)
    connection.close()
    if unknown := _unknown_migrations():
        _empty()
        raise CannotKeep(
            f"The backup is of a newer version (it has {unknown[0]}): install that version or a newer one, then restore."
        )


def _reach() -> tuple[list[str], str, dict[str, str]]:
    """How PostgreSQL's programs reach our database: options, its name, and the environment that holds the password."""
    arguments, env = DatabaseClient.settings_to_cmd_args_env(connection.settings_dict, [])
    return arguments[1:-1], arguments[-1], {**os.environ, **(env or {})}


def _run(program: str, arguments: Sequence[str], *, env: dict[str, str]) -> None:
    path = postgres_program(program)
    command = [str(path) if path.exists() else shutil.which(program) or program, *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603  our own command
    if done.returncode:
        raise CannotKeep(f"{program} says: {done.stderr.strip() or done.returncode}")


def _tables() -> list[str]:
    with connection.cursor() as cursor:
        return connection.introspection.table_names(cursor)


def _unknown_migrations() -> list[str]:
    """Migrations of our applications that the database has and this version does not."""
    loader = MigrationLoader(connection)
    ours = loader.migrated_apps
    return sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in ours and (app, name) not in loader.disk_migrations
    )


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
