"""Locks on long work: one holder at a time, and none after its end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from reports.locks import held

CLASS, NUMBER = 7, 11

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other() -> Iterator[BaseDatabaseWrapper]:
    """Another session."""
    session = connection.copy()
    yield session
    session.close()


def is_free(session: BaseDatabaseWrapper) -> bool:
    with session.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [CLASS, NUMBER])
        (answer,) = cursor.fetchone()
        if answer:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [CLASS, NUMBER])
    return bool(answer)


def test_a_lock_that_another_session_holds_is_not_waited_for(other: BaseDatabaseWrapper) -> None:
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [CLASS, NUMBER])
    with held(CLASS, NUMBER) as is_mine:
        assert not is_mine
    assert not is_free(connection)


def test_a_lock_is_given_back_when_the_work_fails(other: BaseDatabaseWrapper) -> None:
    with pytest.raises(ZeroDivisionError), held(CLASS, NUMBER) as is_mine:
        assert is_mine
        assert not is_free(other)
        raise ZeroDivisionError
    assert is_free(other)


def test_what_ended_the_session_is_what_is_raised_and_nobody_holds_the_lock(other: BaseDatabaseWrapper) -> None:
    with (
        pytest.raises(OperationalError, match="terminating connection"),
        held(CLASS, NUMBER),
        connection.cursor() as mine,
    ):
        mine.execute("SELECT pg_backend_pid()")
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", mine.fetchone())
        mine.execute("SELECT 1")
    assert is_free(other)
    connection.close()
