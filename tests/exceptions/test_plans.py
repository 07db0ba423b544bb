"""Enforcement begins with watching; one person makes it stricter, two make it looser, and the database knows both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from exceptions.engine.share import WHOLE
from exceptions.errors import FourEyes, ModeInvalid, NotAllowed, RuleError, WrongState
from exceptions.models import EnforcementMode, ModeChange
from exceptions.plans import services
from exceptions.selectors.enforcement import default_mode, domain_modes, mode_in_force
from exceptions.vocabulary import ChangeState, Mode
from reports.models import AuditEntry, Domain
from reports.vocabulary import DomainKind, Role
from tests.exceptions.cast import NOW, Cast, a_cast, a_person, an_organisation

M = Mode
LEVELS = {M.MONITOR: 0, M.QUARANTINE: 1, M.REJECT: 2}


@pytest.fixture
def cast(db: None) -> Cast:
    return a_cast()


def domain_id(name: str = "example.com") -> int:
    return Domain.objects.get(name=name).pk


def tighten(cast: Cast, mode: Mode, share: int = 100, *, domain: int | None = None) -> EnforcementMode:
    return services.mode_tighten(viewer=cast.bob, domain_id=domain, mode=mode, share=share, at=NOW)


def propose(cast: Cast, mode: Mode, share: int = 100, *, domain: int | None = None) -> ModeChange:
    return services.loosening_propose(
        viewer=cast.bob, domain_id=domain, mode=mode, share=share, reason="Too much is lost.", at=NOW
    )


def standing() -> tuple[object, ...]:
    return (
        list(EnforcementMode.objects.order_by("pk").values()),
        list(ModeChange.objects.order_by("pk").values()),
        AuditEntry.objects.count(),
    )


@contextmanager
def refused(kind: type[RuleError], code: str) -> Iterator[None]:
    before = standing()
    with pytest.raises(kind) as caught:
        yield
    assert caught.value.code == code
    assert standing() == before


@contextmanager
def refused_by_database(name: str) -> Iterator[None]:
    before = standing()
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        yield
    assert isinstance(caught.value.__cause__, psycopg.Error)
    assert caught.value.__cause__.diag.constraint_name == name
    assert standing() == before


def execute(sql: str, *params: int | str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def test_strictness_orders_modes_as_every_single_message_feels_them() -> None:
    """Compared with the treatment of each of the 100 classes of pairs that the share hash makes."""
    plans = list(product(Mode, range(0, 101, 5)))
    for (mode, share), (other, other_share) in product(plans, plans):
        one, two = treatment(mode, share), treatment(other, other_share)
        is_looser = any(mine < theirs for mine, theirs in zip(one, two, strict=True))
        assert (mode.strictness(share) < other.strictness(other_share)) == is_looser


def treatment(mode: Mode, share: int) -> list[int]:
    return [LEVELS[mode] if pair < share else max(LEVELS[mode] - 1, 0) for pair in range(WHOLE)]


@pytest.mark.django_db
def test_the_database_computes_the_same_strictness() -> None:
    with connection.cursor() as cursor:
        for mode, share in product(Mode, (0, 1, 50, 100)):
            cursor.execute("SELECT exceptions_strictness(%s, %s)", [mode.value, share])
            assert cursor.fetchone() == (mode.strictness(share),)


def test_enforcement_begins_with_watching(cast: Cast) -> None:
    assert (default_mode(cast.bob).mode, default_mode(cast.bob).share) == (M.MONITOR, 100)
    assert [(each.domain.name, each.in_force.mode, each.is_inherited) for each in domain_modes(cast.bob)] == [
        ("example.com", M.MONITOR, True),
        ("partner.example", M.MONITOR, True),
    ]


def test_one_person_makes_it_stricter_step_by_step(cast: Cast) -> None:
    example = domain_id()
    for mode, share in ((M.QUARANTINE, 10), (M.QUARANTINE, 100), (M.REJECT, 0), (M.REJECT, 25), (M.REJECT, 100)):
        tighten(cast, mode, share, domain=example)
    row = EnforcementMode.objects.get()
    assert (row.mode, row.share, row.set_by_name) == (M.REJECT, 100, "Bob")
    entries = AuditEntry.objects.filter(action="exceptions.mode.tightened").order_by("id")
    assert [entry.data["to"]["share"] for entry in entries] == [10, 100, 0, 25, 100]
    assert (entries[0].object_label, entries[0].data["from"]) == ("example.com", {"mode": "monitor", "share": 100})


def test_one_person_cannot_make_it_looser_by_tightening(cast: Cast) -> None:
    tighten(cast, M.REJECT, 50)
    for mode, share in ((M.MONITOR, 100), (M.QUARANTINE, 99), (M.QUARANTINE, 100), (M.REJECT, 49)):
        if mode.strictness(share) < M.REJECT.strictness(50):
            with refused(ModeInvalid, "looser"):
                tighten(cast, mode, share)


def test_a_domain_cannot_be_let_looser_than_the_default_that_it_inherits(cast: Cast) -> None:
    tighten(cast, M.QUARANTINE)
    with refused(ModeInvalid, "looser"):
        tighten(cast, M.MONITOR, domain=domain_id())


def test_a_subdomain_inherits_from_its_nearest_parent(cast: Cast) -> None:
    sub = Domain.objects.create(organisation=cast.organisation, name="mail.example.com", kind=DomainKind.OWN)
    tighten(cast, M.REJECT, domain=domain_id())
    in_force = mode_in_force(organisation_id=cast.organisation.pk, domain_id=sub.pk)
    assert (in_force.mode, in_force.row and in_force.row.domain_id) == (M.REJECT, domain_id())
    with refused_by_database("mode_change_four_eyes"):
        EnforcementMode.objects.create(
            organisation=cast.organisation,
            domain=sub,
            mode=M.QUARANTINE,
            share=100,
            since=NOW,
            set_by_id=cast.bob.user_id,
            set_by_name="Bob",
        )


def test_two_persons_make_it_looser(cast: Cast) -> None:
    tighten(cast, M.REJECT)
    change = propose(cast, M.QUARANTINE)
    assert default_mode(cast.bob).mode == M.REJECT
    services.loosening_approve(change, viewer=cast.cy, at=NOW)
    assert (default_mode(cast.bob).mode, change.state, change.decided_by_name) == (
        M.QUARANTINE,
        ChangeState.APPLIED,
        "Cy",
    )
    entry = AuditEntry.objects.get(action="exceptions.mode.loosened")
    assert (entry.actor_name, entry.data["proposed_by"]) == ("Cy", "Bob")


def test_the_proposer_does_not_approve(cast: Cast) -> None:
    tighten(cast, M.REJECT)
    change = propose(cast, M.MONITOR)
    with refused(FourEyes, "own_proposal"):
        services.loosening_approve(change, viewer=cast.bob, at=NOW)


def test_a_change_that_started_from_another_mode_is_not_applied(cast: Cast) -> None:
    tighten(cast, M.QUARANTINE)
    change = propose(cast, M.MONITOR)
    tighten(cast, M.REJECT)
    with refused(WrongState, "mode_has_changed"):
        services.loosening_approve(change, viewer=cast.cy, at=NOW)


def test_a_decided_change_is_not_decided_again(cast: Cast) -> None:
    tighten(cast, M.REJECT)
    change = propose(cast, M.QUARANTINE)
    services.loosening_reject(change, viewer=cast.cy, at=NOW)
    for act in (services.loosening_approve, services.loosening_reject, services.loosening_withdraw):
        with refused(WrongState, "wrong_state"):
            act(change, viewer=cast.cy, at=NOW)


def test_what_is_not_looser_needs_no_proposal(cast: Cast) -> None:
    with refused(ModeInvalid, "not_looser"):
        propose(cast, M.QUARANTINE)


def test_one_proposal_at_a_time(cast: Cast) -> None:
    tighten(cast, M.REJECT)
    propose(cast, M.QUARANTINE)
    with refused(WrongState, "already_proposed"):
        propose(cast, M.MONITOR)


def test_the_domains_of_others_and_the_star_have_no_mode(cast: Cast) -> None:
    theirs = an_organisation("Theirs")
    for domain in (
        Domain.objects.get(organisation=theirs, name="example.com"),
        Domain.objects.get(organisation=cast.organisation, name="*"),
    ):
        with refused(ModeInvalid, "unknown_domain"):
            tighten(cast, M.REJECT, domain=domain.pk)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST, Role.AUDITOR])
def test_other_roles_change_nothing(cast: Cast, role: Role) -> None:
    tighten(cast, M.REJECT, 50)
    change = propose(cast, M.QUARANTINE)
    somebody = a_person("Somebody", role, cast.organisation)
    with refused(NotAllowed, "role_lacks_act"):
        services.mode_tighten(viewer=somebody, domain_id=None, mode=M.REJECT, at=NOW)
    with refused(NotAllowed, "role_lacks_act"):
        services.loosening_approve(change, viewer=somebody, at=NOW)
    with refused(NotAllowed, "role_lacks_act"):
        services.loosening_propose(viewer=somebody, domain_id=None, mode=M.MONITOR, reason="Please.", at=NOW)


def test_who_sees_some_domains_only_does_not_change_the_default(cast: Cast) -> None:
    partly = replace(cast.bob, domain_ids=(domain_id(),))
    with refused(NotAllowed, "other_domain"):
        services.mode_tighten(viewer=partly, domain_id=None, mode=M.REJECT, at=NOW)


def test_sql_cannot_make_it_looser(cast: Cast) -> None:
    tighten(cast, M.REJECT, 50)
    for looser in ("mode = 'monitor'", "mode = 'quarantine'", "share = 49"):
        with refused_by_database("mode_change_four_eyes"):
            execute(f"UPDATE exceptions_enforcementmode SET {looser}")


def test_sql_cannot_remove_a_mode(cast: Cast) -> None:
    tighten(cast, M.REJECT)
    with refused_by_database("history_is_kept"):
        execute("DELETE FROM exceptions_enforcementmode")


def test_sql_cannot_approve_for_the_proposer_or_skip_the_approval(cast: Cast) -> None:
    tighten(cast, M.REJECT)
    change = propose(cast, M.MONITOR)
    with refused_by_database("mode_change_four_eyes"):
        execute(
            "UPDATE exceptions_modechange SET state = 'approved', decided_by_id = proposed_by_id, decided_at = now()"
        )
    with refused_by_database("mode_change_step_known"):
        execute(
            "UPDATE exceptions_modechange SET state = 'applied', decided_by_id = %s, decided_at = now()",
            cast.cy.user_id,
        )
    with refused_by_database("mode_change_four_eyes"):
        execute("UPDATE exceptions_enforcementmode SET mode = 'monitor', change_id = %s", change.pk)


def test_an_approved_change_serves_once(cast: Cast) -> None:
    tighten(cast, M.REJECT)
    change = propose(cast, M.QUARANTINE)
    services.loosening_approve(change, viewer=cast.cy, at=NOW)
    tighten(cast, M.REJECT)
    with refused_by_database("mode_change_four_eyes"):
        execute("UPDATE exceptions_enforcementmode SET mode = 'quarantine', change_id = %s", change.pk)


def test_what_was_proposed_is_frozen(cast: Cast) -> None:
    tighten(cast, M.REJECT)
    propose(cast, M.QUARANTINE)
    with refused_by_database("mode_change_is_frozen"):
        execute(
            "UPDATE exceptions_modechange SET mode = 'monitor', state = 'approved', decided_by_id = %s, decided_at = now()",
            cast.cy.user_id,
        )
