"""The audit log is one chain that only grows, whoever writes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from reports.audit import log, trail
from reports.audit.actions import register
from reports.audit.verify import verify
from reports.models import AuditEntry, Organisation

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TRIED = register("tests.audit.tried")


def write(count: int) -> None:
    for number in range(count):
        with transaction.atomic():
            log.record(TRIED, at=NOW, label=f"thing {number}", reason="because", data={"number": number})


def refused(sql: str) -> str:
    """Run SQL that the database must refuse; the name of the rule that refused it."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    cause = caught.value.__cause__
    return str(cause.diag.constraint_name)  # type: ignore[union-attr]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE reports_auditentry SET reason = 'another'",
        "DELETE FROM reports_auditentry",
        "DELETE FROM reports_auditentry WHERE false",
        "TRUNCATE reports_auditentry",
    ],
)
def test_an_entry_cannot_be_changed_or_removed(sql: str) -> None:
    write(1)
    before = list(AuditEntry.objects.values_list("id", "reason", "hash"))
    assert refused(sql) == "audit_entry_only_grows"
    assert list(AuditEntry.objects.values_list("id", "reason", "hash")) == before


@pytest.mark.django_db
def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(log.UnknownAction, match=r"tests\.audit\.guessed"):
        log.record("tests.audit.guessed", at=NOW)
    assert AuditEntry.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="outside the transaction"):
        log.record(TRIED, at=NOW)
    assert AuditEntry.objects.count() == 0


@pytest.mark.django_db
def test_an_action_name_is_claimed_once() -> None:
    with pytest.raises(ValueError, match="is taken"):
        register("tests.audit.tried")


@pytest.mark.django_db
def test_the_database_writes_the_links_whatever_the_writer_sends() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO reports_auditentry (id, at, organisation_name, actor_name, action, object_type, object_id,"
            " object_label, data, reason, request_id, previous_hash, hash)"
            " VALUES (77, now(), '', '', 'forged', '', '', '', '{}', '', '', '\\x01', '\\x02')"
        )
    entry = AuditEntry.objects.get()
    assert entry.pk == 1
    assert bytes(entry.previous_hash) == bytes(32)
    assert verify().is_whole


@pytest.mark.django_db
def test_a_whole_chain_is_whole_in_every_session_time_zone() -> None:
    write(3)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Asia/Tokyo'")
    state = verify()
    assert (state.entries, state.first_broken) == (3, None)
    assert state.head == bytes(AuditEntry.objects.get(pk=3).hash).hex()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE reports_auditentry SET reason = 'another' WHERE id = 2",
        "UPDATE reports_auditentry SET data = '{\"number\": 9}' WHERE id = 2",
        "UPDATE reports_auditentry SET actor_name = 'somebody' WHERE id = 2",
        "UPDATE reports_auditentry SET hash = '\\x00' WHERE id = 2",
    ],
)
def test_a_change_past_the_guards_is_found(sql: str) -> None:
    write(4)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET LOCAL session_replication_role = replica; {sql}; SET LOCAL session_replication_role = origin"
        )
    assert verify().first_broken == 2


@pytest.mark.django_db
def test_a_removal_past_the_guards_is_found() -> None:
    write(4)
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL session_replication_role = replica; DELETE FROM reports_auditentry WHERE id = 2;"
            "SET LOCAL session_replication_role = origin"
        )
    assert verify().first_broken == 3


@pytest.mark.django_db(transaction=True)
def test_concurrent_writers_make_one_chain_without_gaps() -> None:
    def writer(_: int) -> None:
        try:
            write(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(writer, range(20)))
    assert list(AuditEntry.objects.order_by("id").values_list("id", flat=True)) == list(range(1, 201))
    assert verify().is_whole


@pytest.mark.django_db
def test_the_trail_shows_one_organisation_and_one_thing_in_order() -> None:
    ours = Organisation.objects.create(name="Ours", slug="ours")
    theirs = Organisation.objects.create(name="Theirs", slug="theirs")
    log.record(TRIED, at=NOW, organisation=ours, subject=ours, reason="first")
    log.record(TRIED, at=NOW, organisation=theirs, subject=theirs, reason="other")
    log.record(TRIED, at=NOW, organisation=ours, subject=ours, reason="second")
    assert [entry.reason for entry in trail.entries_about(ours)] == ["first", "second"]
    entry = trail.entries_about(theirs).get()
    assert (entry.organisation_name, entry.object_type, entry.object_label) == ("Theirs", "organisation", "Theirs")


@pytest.mark.django_db
def test_the_command_names_the_entry_that_does_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    write(2)
    call_command("verify_audit_log")
    assert capsys.readouterr().out == f"The audit log is whole: 2 entries, the last hash is {verify().head}.\n"
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL session_replication_role = replica; UPDATE reports_auditentry SET action = 'x' WHERE id = 1;"
            "SET LOCAL session_replication_role = origin"
        )
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit_log")
    assert ended.value.code == 1
    assert capsys.readouterr().err == "The audit log was changed: entry 1 does not fit.\n"
