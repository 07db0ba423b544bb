"""The Audit page: its verdict about the chain is renewed with every new entry, and not with every view."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dmarcsite.models import User
from dmarcsite.people.first_administrator import make_organisation
from reports.audit import log
from reports.audit.actions import register
from reports.models import Membership
from reports.vocabulary import Role

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TRIED = register("tests.audit_page.tried")
pytestmark = pytest.mark.django_db


def passes(client: Client) -> tuple[int, str]:
    """How often a view of the page goes over the whole chain, and what it shows."""
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/audit/").content.decode()
    return sum("reports_audit_hash" in query["sql"] for query in queries), page


def test_the_chain_is_verified_anew_with_a_new_entry_only(client: Client) -> None:
    user = User.objects.create_user("eve@example.com")
    Membership.objects.create(
        user=user, organisation=make_organisation(name="Example", slug="example"), role=Role.AUDITOR
    )
    client.force_login(user)
    for entries in (1, 2):
        with transaction.atomic():
            log.record(TRIED, at=NOW)
        sentence = f"The chain of all {entries} entries is whole."
        for expected in (1, 0, 0):
            times, page = passes(client)
            assert (times, sentence in page) == (expected, True)
