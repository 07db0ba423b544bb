"""What holds sealed values, which keys those need, and how they get a new one. A test holds the list complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from django.db import connection, models, transaction

from exceptions.models import SigningKey
from reports.ingest.raw.resealing import keys_of_objects, reseal_objects
from reports.models import FailureReport, InboundEvent, Mailbox, RawMessage, SignIn
from reports.sealing import Purpose, known_key_names, seal, unseal

BATCH = 200
"""Values of raw mails may have megabytes; so many are in memory at once."""
# Version byte, then the key's name (reports.sealing).
_NAME_OF = "substring({column} from 2 for 4)"


class SealedColumn(NamedTuple):
    model: type[models.Model]
    field: str
    purpose: Purpose


COLUMNS = (
    SealedColumn(Mailbox, "secret", Purpose.MAILBOX_LOGIN),
    SealedColumn(SignIn, "refresh", Purpose.SIGN_IN),
    SealedColumn(SignIn, "access", Purpose.SIGN_IN),
    SealedColumn(SignIn, "pending", Purpose.SIGN_IN),
    SealedColumn(SigningKey, "private", Purpose.SIGNING_KEY),
    SealedColumn(InboundEvent, "recipients", Purpose.EVENT_RECIPIENTS),
    SealedColumn(FailureReport, "details", Purpose.FAILURE_DETAILS),
    SealedColumn(FailureReport, "sample", Purpose.FAILURE_SAMPLE),
    SealedColumn(RawMessage, "sealed", Purpose.RAW_MESSAGE),
)


class KeyUse(NamedTuple):
    """How many values of a purpose a key sealed; `key` is its name in hex."""

    purpose: Purpose
    key: str
    values: int
    is_known: bool


def key_uses() -> list[KeyUse]:
    """Which keys the stored values need. Reads the first bytes of every sealed value, and what rows say of their objects."""
    known = {name.hex() for name in known_key_names()}
    uses = []
    for column in COLUMNS:
        names = _names_in(column)
        if column.model is RawMessage:
            names += keys_of_objects()
        for name, values in sorted(names.items()):
            uses.append(KeyUse(column.purpose, name, values, name in known))
    return uses


def _names_in(column: SealedColumn) -> Counter[str]:
    table, field = column.model._meta.db_table, column.field
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT encode({_NAME_OF.format(column=field)}, 'hex'), count(*) "  # noqa: S608  names of this module
            f"FROM {table} WHERE octet_length({field}) > 0 GROUP BY 1"
        )
        return Counter(dict(cursor.fetchall()))


def reseal_all(*, told: Callable[[int], object]) -> int:
    """Seal every value that another key than the newest sealed with the newest one, objects of the bucket too; returns how many.

    In transactions of BATCH values, each skipping what is done already, so that a second run goes on where the first was
    ended. `told` hears how many were done in each. A value whose key is missing raises `reports.sealing.SealBroken`
    before anything of its batch is changed, `reports.errors.RawStoreError` where the bucket does not answer.
    """
    done = 0
    for changed in chain(*map(_reseal, COLUMNS), reseal_objects()):
        told(changed)
        done += changed
    return done


def _reseal(column: SealedColumn) -> Iterator[int]:
    newest = known_key_names()[0]
    after = 0
    while True:
        with transaction.atomic():
            rows = _with_other_key(column, newest, after=after)
            if not rows:
                return
            for pk, value in rows:
                plain = unseal(value, purpose=column.purpose)
                column.model._base_manager.filter(pk=pk).update(**{column.field: seal(plain, purpose=column.purpose)})
            after = rows[-1][0]
        yield len(rows)


def _with_other_key(column: SealedColumn, newest: bytes, *, after: int) -> list[tuple[int, Any]]:
    """The next values by primary key, locked, so that a writer meanwhile waits instead of losing its change."""
    table, field = column.model._meta.db_table, column.field
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, {field} FROM {table} WHERE id > %s AND octet_length({field}) > 0 "  # noqa: S608
            f"AND {_NAME_OF.format(column=field)} <> %s ORDER BY id LIMIT %s FOR UPDATE",
            [after, newest, BATCH],
        )
        return [(pk, value) for pk, value in cursor.fetchall()]
