"""Whose pages are looked at, and by whom."""

from __future__ import annotations

import pytest
from django.test import Client

from reports.models import Organisation
from tests.reports.pages import logged_in
from tests.reports.stored import make_organisation


@pytest.fixture
def ours() -> Organisation:
    return make_organisation("ours")


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Client:
    """Logged in to our organisation with the role that the module names as ROLE; nobody where it names none."""
    role = getattr(request.module, "ROLE", None)
    return logged_in(request.getfixturevalue("ours"), role) if role else Client()
