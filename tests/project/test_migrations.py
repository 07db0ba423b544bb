"""Migrations: complete, named by a person, one of each number."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent.parent
APPS = ("dmarcsite", "reports", "exceptions")


def migrations(app: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / app / "migrations").glob("[0-9]*.py"))


@pytest.mark.django_db
def test_the_models_need_no_further_migration(capsys):
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)
    assert capsys.readouterr().out == "No changes detected\n"


@pytest.mark.parametrize("app", APPS)
def test_no_two_migrations_have_the_same_number(app):
    numbers = Counter(name[:4] for name in migrations(app))
    assert [number for number, count in numbers.items() if count > 1] == []


@pytest.mark.parametrize("app", APPS)
def test_every_migration_has_a_name_that_says_what_it_does(app):
    assert [name for name in migrations(app) if re.search(r"_(auto|alter|remove)_\d|_\d{8}_", name)] == []
