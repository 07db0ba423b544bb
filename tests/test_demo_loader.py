"""The demo organisation comes in through the real paths, once however often it is loaded, and goes without a trace."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from dmarcsite.demo import cast, loader, workings
from dmarcsite.models import User
from dmarcsite.people.first_administrator import make_first_administrator
from exceptions.models import Approval, ExceptionRule
from reports.ingest.sender.keys import silent
from reports.ingest.sender_checks import check_due
from reports.models import (
    AddressIdentity,
    AggregateReport,
    AuditEntry,
    DomainDay,
    FailureReport,
    Job,
    Message,
    Organisation,
    RollupCheck,
    Source,
)
from reports.reread.asking import ask
from reports.reread.run import run
from reports.reread.selection import Selection
from reports.selectors.identities import identities_of
from reports.selectors.mailboxes import Brought, mailbox_states
from reports.selectors.reporters import expected_reporters
from reports.selectors.stages import stages

RESERVED = re.compile(r"(^|\.)(example|example\.(com|net|org))$")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEPT = {"reports.AuditEntry", "reports.RollupCheck"}
"""What was done and seen stays true when the demo is gone."""
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
    assert outcomes == {"stored": 1037, "duplicate": 5, "refused": 2, "not_a_report": 1}
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


def test_every_part_of_ingestion_has_something_to_show_and_addresses_have_names(administrator: User) -> None:
    Source.objects.create(organisation=Organisation.objects.get(), address="192.0.2.64")
    load()
    organisation = Organisation.objects.get(is_demo=True)
    viewer = loader._viewer(cast.ANALYST)
    parked = Message.objects.get(reason="reader_failed")
    assert (parked.outcome, parked.raw is not None, parked.filename.endswith(workings.PARKED)) == (
        "refused",
        True,
        True,
    )
    job = Job.objects.get()
    assert (job.state, job.total, job.result["changed"]) == ("done", job.done, 1)
    check = RollupCheck.objects.get()
    assert (check.differing, check.buckets > 300) == (0, True)
    silent = [each.name for each in expected_reporters(viewer, now=NOW) if each.is_silent]
    assert silent == ["Enterprise Mail Example"]
    assert [state.sign_in for state in mailbox_states(viewer, now=NOW)] == ["", "good"]
    states = [(state.health, state.mailbox.last_success_at, state.brought) for state in mailbox_states(viewer, now=NOW)]
    assert states == [
        ("paused", NOW, Brought(new=10, stored=10)),
        ("paused", NOW, Brought(new=4, stored=3, refused=1)),
    ]
    fetch, reading, _stored, told, _filters = stages(viewer, now=NOW)
    assert (fetch.passed, reading.usual, told.passed, told.waiting) == (14, loader.READING, 14, 0)
    assert Message.objects.filter(mailbox=None).count() == 0

    ask(Selection(message_id=parked.pk), organisation=organisation, dry_run=False, at=NOW)
    run(Job.objects.latest("pk").pk, clock=lambda: NOW)
    parked.refresh_from_db()
    assert parked.outcome == "stored"

    found = AddressIdentity.objects.filter(looked_up_at__isnull=False)
    assert {name for name in found.values_list("name", flat=True) if name and not RESERVED.search(name)} == set()
    assert set(found.values_list("asn", flat=True)) <= set(range(64496, 64512))
    known = identities_of(["192.0.2.64", "203.0.113.230"], organisation_id=organisation.pk)
    newsdesk, claimed = known["192.0.2.64"], known["203.0.113.230"]
    assert (newsdesk.service_name, newsdesk.is_confirmed) == ("Newsdesk", True)
    assert (claimed.name, claimed.is_confirmed, claimed.service_name) == ("mail.example.org", False, "")

    loader.demo_remove(viewer=None, now=NOW)
    left = list(AddressIdentity.objects.exclude(name="").values_list("address", flat=True))
    assert left == ["192.0.2.64"]  # the organisation's own reports name it too


def test_its_mails_are_verified_by_the_results_of_its_own_server_but_for_those_of_one_reporter(
    administrator: User,
) -> None:
    load()
    assert set(Message.objects.values_list("sender_check", flat=True)) == {"unknown"}
    later = timezone.now()  # they are due since they are stored
    check_due(clock=lambda: later, until=later + timedelta(minutes=1), lookup=silent)
    brought = Message.objects.filter(outcome__in=["stored", "duplicate"])
    found = Counter(brought.values_list("sender_check", "sender_reason", "sender_by"))
    assert found == {("verified", "server_vouches", "mx.example.com"): 1018, ("unverified", "no_signature", ""): 24}
    assert set(brought.filter(sender_check="unverified").values_list("sender_domain", flat=True)) == {
        "campus-mail.example"
    }
    Organisation.objects.filter(is_demo=True).update(trusted_authserv_ids=[])
    brought.update(sender_due_at=NOW)
    check_due(clock=lambda: later, until=later + timedelta(minutes=1), lookup=silent)
    assert set(brought.values_list("sender_check", flat=True)) == {"unverified"}


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
    assert Message.objects.count() == 1045
    assert AggregateReport.objects.count() == 818
    assert Message.objects.filter(reason="reader_failed").count() == 1
