"""The demo organisation comes in through the real paths, once however often it is loaded, and goes without a trace."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from django.apps import apps

from dmarcsite.demo import loader
from dmarcsite.models import User
from dmarcsite.people.first_administrator import make_first_administrator
from exceptions.models import Approval, ExceptionRule
from reports.models import AggregateReport, AuditEntry, DomainDay, FailureReport, Message

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEPT = {"reports.AuditEntry"}
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def administrator() -> User:
    make_first_administrator(email="admin@example.com", password="correct-horse-9")
    return User.objects.get()


def counts() -> dict[str, int]:
    models = [
        model for label in ("dmarcsite", "reports", "exceptions") for model in apps.get_app_config(label).get_models()
    ]
    return {model._meta.label: model._default_manager.count() for model in models}


def load() -> list[loader.Account]:
    return loader.demo_load(now=NOW)


def test_without_a_demo_there_is_nothing_to_remove(administrator: User) -> None:
    before = counts()
    assert loader.demo_remove(viewer=None, now=NOW) is False
    assert counts() == before


def test_it_loads_once_tells_its_stories_and_goes_without_a_trace(administrator: User) -> None:
    before = counts()
    accounts = load()
    assert [(account.email, account.role, account.password is not None) for account in accounts] == [
        ("analyst@demo.example", "analyst", True),
        ("approver@demo.example", "approver", True),
    ]
    outcomes = Counter(Message.objects.values_list("outcome", flat=True))
    assert outcomes == {"stored": 1042, "duplicate": 5, "refused": 1, "not_a_report": 1}
    assert sorted(ExceptionRule.objects.values_list("state", flat=True)) == [
        "approved",
        "expired",
        "proposed",
        "revoked",
    ]
    assert {approval.approver_name for approval in Approval.objects.all()} == {"Demo approver"}
    assert FailureReport.objects.count() == 40
    assert set(DomainDay.objects.values_list("lens", flat=True)) == {"here", "elsewhere"}

    loaded = counts()
    again = load()
    assert [account.password for account in again] == [None, None]
    assert counts() == loaded

    assert loader.demo_remove(viewer=None, now=NOW) is True
    after = counts()
    assert {
        label: (before[label], after[label]) for label in after if after[label] != before[label] and label not in KEPT
    } == {}
    assert AuditEntry.objects.order_by("-pk").values_list("action", flat=True)[0] == "demo.organisation.removed"


def test_a_load_that_was_cut_short_goes_on(administrator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cut(Exception):
        pass

    real, calls = loader.ingest, 0

    def ingest_twice(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls > 2:
            raise Cut
        return real(*args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(Cut):
        patch.setattr(loader, "ingest", ingest_twice)
        load()
    assert Message.objects.count() == 2 * loader.BATCH
    load()
    assert Message.objects.count() == 1049
    assert AggregateReport.objects.count() == 822
