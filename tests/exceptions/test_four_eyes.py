"""Four eyes hold in the database: against SQL, and against many people at the same moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from threading import Barrier

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from exceptions.errors import RuleError
from exceptions.lifecycle import services
from exceptions.models import Approval, ExceptionRule, RuleVersion
from exceptions.plans.services import loosening_approve, loosening_propose, mode_tighten
from exceptions.vocabulary import Mode, RuleState
from reports.audit.verify import verify
from reports.inbound.events import record_events
from reports.inbound.nodes import enrol_node
from reports.models import AuditEntry, Organisation
from reports.viewer import Viewer
from reports.vocabulary import Role
from tests.exceptions.cast import NOW, Cast, a_cast, a_person, a_rule, an_organisation, content

S = RuleState


@pytest.fixture
def cast(db: None) -> Cast:
    return a_cast()


@contextmanager
def refusal(name: str) -> Iterator[None]:
    """The database refuses by exactly this rule, at once or at commit, and no row of a rule has changed."""
    before = rows()
    execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        yield
        execute("SET CONSTRAINTS ALL IMMEDIATE")
    cause = caught.value.__cause__
    assert isinstance(cause, psycopg.Error)
    assert cause.diag.constraint_name == name
    assert rows() == before


def rows() -> list[object]:
    return [
        list(ExceptionRule.objects.order_by("pk").values()),
        list(RuleVersion.objects.order_by("pk").values()),
        list(Approval.objects.order_by("pk").values()),
    ]


def execute(sql: str, *params: int | str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def approve_by_sql(version: RuleVersion, approver: Viewer) -> None:
    execute(
        "INSERT INTO exceptions_approval (version_id, approver_id, approver_name, at, reason) VALUES (%s, %s, %s, now(), '')",
        version.pk,
        approver.user_id,
        approver.user_name,
    )


@pytest.mark.parametrize("who", ["ann", "bob", "cy"])
def test_sql_cannot_approve_for_the_proposer_an_author_or_the_owner(cast: Cast, who: str) -> None:
    """Cy wrote version 1, Ann version 2, which Bob owns."""
    rule = services.rule_draft(content(cast.cy), viewer=cast.cy, at=NOW)
    services.rule_edit(rule, content=content(cast.bob), viewer=cast.ann, seen_version=1, at=NOW)
    services.rule_propose(rule, viewer=cast.ann, seen_version=2, at=NOW)
    with refusal("rule_four_eyes"):
        approve_by_sql(rule.versions.get(number=2), getattr(cast, who))


def test_sql_cannot_approve_for_a_proposer_who_wrote_nothing(cast: Cast) -> None:
    rule = a_rule(cast)
    services.rule_propose(rule, viewer=cast.cy, seen_version=1, at=NOW)
    with refusal("rule_four_eyes"):
        approve_by_sql(rule.versions.get(), cast.cy)


def test_sql_cannot_approve_a_version_that_is_not_current(cast: Cast) -> None:
    rule = a_rule(cast, state=S.PROPOSED)
    services.rule_edit(rule, content=content(cast.ann), viewer=cast.ann, seen_version=1, at=NOW)
    services.rule_propose(rule, viewer=cast.ann, seen_version=2, at=NOW)
    with refusal("approval_of_proposed_version"):
        approve_by_sql(rule.versions.get(number=1), cast.bob)


@pytest.mark.parametrize("state", [state for state in S if state != S.PROPOSED])
def test_sql_cannot_approve_what_is_not_proposed(cast: Cast, state: RuleState) -> None:
    rule = a_rule(cast, state=state)
    with refusal("approval_of_proposed_version"):
        approve_by_sql(rule.versions.get(), a_person("Fred", Role.APPROVER, cast.organisation))


def test_sql_cannot_put_a_rule_in_force_without_an_approval(cast: Cast) -> None:
    rule = a_rule(cast, state=S.PROPOSED)
    with refusal("rule_four_eyes"):
        execute("UPDATE exceptions_exceptionrule SET state = 'approved' WHERE id = %s", rule.pk)


def test_an_approval_of_an_earlier_version_does_not_serve_a_later_one(cast: Cast) -> None:
    rule = a_rule(cast, state=S.PROPOSED)
    approve_by_sql(rule.versions.get(), cast.bob)
    services.rule_edit(rule, content=content(cast.ann), viewer=cast.ann, seen_version=1, at=NOW)
    services.rule_propose(rule, viewer=cast.ann, seen_version=2, at=NOW)
    with refusal("rule_four_eyes"):
        execute("UPDATE exceptions_exceptionrule SET state = 'approved' WHERE id = %s", rule.pk)


def test_sql_cannot_exchange_the_proposer_and_approve_then(cast: Cast) -> None:
    rule = a_rule(cast, state=S.PROPOSED)
    with refusal("rule_step_known"):
        execute("UPDATE exceptions_exceptionrule SET proposed_by_id = %s WHERE id = %s", cast.cy.user_id, rule.pk)


def test_sql_cannot_step_from_draft_to_approved(cast: Cast) -> None:
    rule = a_rule(cast)
    with refusal("rule_step_known"):
        execute(
            "UPDATE exceptions_exceptionrule SET state = 'approved', proposed_by_id = %s, proposed_by_name = 'Cy',"
            " proposed_at = now() WHERE id = %s",
            cast.cy.user_id,
            rule.pk,
        )


def test_sql_cannot_insert_an_approved_rule(cast: Cast) -> None:
    with refusal("rule_begins_as_draft"):
        execute(
            "INSERT INTO exceptions_exceptionrule (organisation_id, domain_id, state, version, created_at, proposed_by_id,"
            " proposed_by_name, proposed_at) SELECT organisation_id, id, 'approved', 1, now(), %s, 'Ann', now()"
            " FROM reports_domain WHERE name = '*'",
            cast.ann.user_id,
        )


@pytest.mark.parametrize("state", sorted(S.final()))
@pytest.mark.parametrize("target", ["draft", "proposed", "approved"])
def test_sql_cannot_bring_a_rule_back_from_a_final_state(cast: Cast, state: RuleState, target: str) -> None:
    rule = a_rule(cast, state=state)
    with refusal("rule_step_known"):
        execute("UPDATE exceptions_exceptionrule SET state = %s, ended_at = NULL WHERE id = %s", target, rule.pk)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE exceptions_ruleversion SET expires_at = expires_at + interval '1 day'",
        "UPDATE exceptions_ruleversion SET networks = '{198.51.100.0/24}'",
        "UPDATE exceptions_ruleversion SET author_id = author_id",
        "UPDATE exceptions_approval SET approver_name = 'Somebody'",
        "TRUNCATE exceptions_approval",
        "TRUNCATE exceptions_ruleversion CASCADE",
        "TRUNCATE exceptions_exceptionrule CASCADE",
    ],
)
def test_sql_cannot_change_or_empty_what_was_written(cast: Cast, sql: str) -> None:
    a_rule(cast, state=S.APPROVED)
    with refusal("history_never_changes"):
        execute(sql)


def test_sql_cannot_move_a_rule_to_another_organisation(cast: Cast) -> None:
    rule = a_rule(cast)
    theirs = an_organisation("Theirs")
    with refusal("rule_identity_stays"):
        execute("UPDATE exceptions_exceptionrule SET organisation_id = %s WHERE id = %s", theirs.pk, rule.pk)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ("networks = '{198.51.0.0/16}'", "rule_networks_are_narrow"),
        ("networks = '{2001:db8::/32}'", "rule_networks_are_narrow"),
        ("networks = '{}'", "rule_has_source_evidence"),
        ("header_from = ''", "rule_from_is_one_domain"),
        ("header_from = '*.example.com'", "rule_from_is_one_domain"),
        ("header_from = 'Example.com'", "rule_from_is_one_domain"),
        ("dkim_domain = '%%'", "rule_dkim_is_one_domain"),
        ("envelope_domain = ''", "rule_envelope_is_one_domain"),
        ("action = 'ignore'", "rule_action_known"),
        ("reason_code = 'whim'", "rule_reason_known"),
        ("expires_at = starts_at", "rule_lifetime_is_bounded"),
        ("expires_at = starts_at + interval '90 days 1 second'", "rule_lifetime_is_bounded"),
        ("created_at = starts_at - interval '90 days 1 second'", "rule_start_is_near"),
        ("number = 3", "rule_version_follows"),
    ],
)
def test_sql_cannot_write_a_version_that_is_too_broad_or_unreadable(cast: Cast, changes: str, name: str) -> None:
    a_rule(cast)
    column, value = changes.split(" = ")
    columns = [field.column for field in RuleVersion._meta.concrete_fields if field.column != "id"]
    values = [value if each == column else "2" if each == "number" else each for each in columns]
    with refusal(name):
        execute(
            f"INSERT INTO exceptions_ruleversion ({', '.join(columns)}) SELECT {', '.join(values)} FROM exceptions_ruleversion"
        )


def test_sql_cannot_add_a_version_to_an_approved_rule(cast: Cast) -> None:
    rule = a_rule(cast, state=S.APPROVED)
    version = rule.versions.get()
    version.pk, version.number = None, 2
    with refusal("rule_version_of_open_rule"):
        version.save(force_insert=True)


WHOLE = ("exceptions_approval", "exceptions_ruleversion", "exceptions_exceptionrule")


@pytest.mark.parametrize("tables", [WHOLE[:1], WHOLE[:2], WHOLE])
def test_sql_cannot_remove_anything_of_a_real_rule(cast: Cast, tables: tuple[str, ...]) -> None:
    a_rule(cast, state=S.REVOKED)
    with refusal("history_is_kept"):
        for table in tables:
            execute(f"DELETE FROM {table}")


def test_an_organisation_with_rules_cannot_be_removed(cast: Cast) -> None:
    a_rule(cast, state=S.REVOKED)
    with refusal("history_is_kept"):
        cast.organisation.delete()


def test_an_organisation_cannot_be_called_a_demo_for_the_removal(cast: Cast) -> None:
    a_rule(cast, state=S.REVOKED)
    with refusal("demo_stays_demo"):
        Organisation.objects.update(is_demo=True)


@pytest.mark.parametrize("tables", [WHOLE[:1], WHOLE[:2], WHOLE])
def test_a_rule_of_the_demo_goes_only_with_the_whole_demo(db: None, tables: tuple[str, ...]) -> None:
    a_rule(a_cast(an_organisation("Demo", is_demo=True)), state=S.APPROVED)
    with refusal("history_is_kept"):
        for table in tables:
            execute(f"DELETE FROM {table}")


def test_the_whole_demo_goes_with_its_rules_and_leaves_its_history(db: None) -> None:
    demo = a_cast(an_organisation("Demo", is_demo=True))
    a_rule(demo, state=S.APPROVED)
    mode_tighten(viewer=demo.bob, domain_id=None, mode=Mode.REJECT, at=NOW)
    change = loosening_propose(viewer=demo.bob, domain_id=None, mode=Mode.MONITOR, reason="Too strict.", at=NOW)
    loosening_approve(change, viewer=demo.cy, at=NOW)
    node, _ = enrol_node(viewer=demo.cy, name="mx 1", at=NOW)
    event = {"id": "1", "at": NOW.timestamp(), "source_ip": "198.51.100.25", "verdict": "accept"}
    record_events(node, {"events": [event]}, at=NOW)
    entries = AuditEntry.objects.count()
    with transaction.atomic():
        demo.organisation.delete()
        execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert (Approval.objects.count(), RuleVersion.objects.count(), ExceptionRule.objects.count()) == (0, 0, 0)
    assert AuditEntry.objects.count() == entries
    assert verify().is_whole


# --- Races, with real connections ---------------------------------------------------------------------------------


def race(*runners: Callable[[], object]) -> Counter[str]:
    """Start all at one moment, each on a connection of its own; how often each kind of end came about."""
    barrier = Barrier(len(runners))

    def run(runner: Callable[[], object]) -> str:
        try:
            barrier.wait(timeout=60)
            runner()
        except RuleError as error:
            return type(error).__name__
        else:
            return "won"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(runners)) as pool:
        return Counter(pool.map(run, runners))


def as_read(rule: ExceptionRule) -> ExceptionRule:
    return ExceptionRule.objects.get(pk=rule.pk)


@pytest.mark.django_db(transaction=True)
def test_of_200_concurrent_approvals_one_wins_per_rule() -> None:
    cast = a_cast()
    approvers = [a_person(f"Approver{number}", Role.APPROVER, cast.organisation) for number in range(20)]
    ends: Counter[str] = Counter()
    for rule in [a_rule(cast, state=S.PROPOSED) for _ in range(10)]:
        ends += race(
            *(
                partial(services.rule_approve, as_read(rule), viewer=viewer, seen_version=1, at=NOW)
                for viewer in approvers
            )
        )
    assert ends == {"won": 10, "WrongState": 190}
    assert Approval.objects.count() == 10
    assert AuditEntry.objects.filter(action="exceptions.rule.approved").count() == 10
    assert ExceptionRule.objects.filter(state=S.APPROVED).count() == 10
    assert verify().is_whole


@pytest.mark.django_db(transaction=True)
def test_of_200_approvals_on_plain_sql_connections_one_wins_and_none_is_by_a_first_person() -> None:
    """Each connection tries to approve and to move the rule, as somebody past the application would."""
    cast = a_cast()
    approvers = [a_person(f"Approver{number}", Role.APPROVER, cast.organisation) for number in range(9)]
    for rule in [a_rule(cast, state=S.PROPOSED) for _ in range(20)]:
        version = rule.versions.get()
        race(*(partial(approve_and_move_by_sql, version, viewer) for viewer in (*approvers, cast.ann)))
    assert ExceptionRule.objects.filter(state=S.APPROVED).count() == 20
    assert Approval.objects.count() == 20
    assert not Approval.objects.filter(approver_id=cast.ann.user_id).exists()


def approve_and_move_by_sql(version: RuleVersion, approver: Viewer) -> None:
    with suppress(DatabaseError), transaction.atomic():
        approve_by_sql(version, approver)
        execute("UPDATE exceptions_exceptionrule SET state = 'approved' WHERE id = %s", version.rule_id)


@pytest.mark.django_db(transaction=True)
def test_nobody_approves_a_version_that_an_edit_has_just_replaced() -> None:
    cast = a_cast()
    wide = content(cast.ann, networks=("198.51.100.0/24",))
    for _ in range(20):
        rule = a_rule(cast, state=S.PROPOSED)
        ends = race(
            partial(services.rule_approve, as_read(rule), viewer=cast.bob, seen_version=1, at=NOW),
            partial(services.rule_edit, as_read(rule), content=wide, viewer=cast.ann, seen_version=1, at=NOW),
        )
        rule.refresh_from_db()
        assert ends["won"] == 1
        if rule.state == S.APPROVED:
            assert (ends["WrongState"], rule.version, rule.versions.count()) == (1, 1, 1)
        else:
            assert (rule.state, ends["StaleReview"], rule.version) == (S.DRAFT, 1, 2)
            assert not Approval.objects.filter(version__rule=rule).exists()


@pytest.mark.django_db(transaction=True)
def test_a_rule_ends_once_however_many_end_it() -> None:
    cast = a_cast()
    rule = a_rule(cast, state=S.APPROVED)
    over = NOW + timedelta(days=31)
    revoking = [
        partial(services.rule_revoke, as_read(rule), viewer=cast.bob, reason="Done.", at=over) for _ in range(10)
    ]
    expiring = [partial(services.rule_expire, as_read(rule), at=over) for _ in range(10)]
    assert race(*revoking, *expiring) == {"won": 1, "WrongState": 19}
    ended = AuditEntry.objects.filter(action__in=["exceptions.rule.revoked", "exceptions.rule.expired"])
    assert ended.count() == 1


@pytest.mark.django_db(transaction=True)
def test_nobody_who_acted_can_be_deleted_by_sql() -> None:
    cast = a_cast()
    rule = a_rule(cast, state=S.APPROVED)
    with pytest.raises(DatabaseError), transaction.atomic():
        execute("DELETE FROM dmarcsite_user WHERE id = %s", cast.bob.user_id)
        execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert rule.versions.get().approvals.get().approver_name == "Bob"
