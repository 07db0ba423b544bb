"""The ledger: takes in messages with their bytes before anything looks into them, and writes how each ended."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from reports.dto import MailFacts, Problem
from reports.ingest import raw
from reports.ingest.copying import array_of, copy_rows, next_ids
from reports.ingest.outcome import Result
from reports.models import Message, Organisation
from reports.vocabulary import Channel, Outcome

LOCK_CLASS = 0x4C454447
LEASE = timedelta(minutes=10)
"""How long a message belongs to the reader that took it: the slowest reading takes seconds."""
TRIES = 3
LAST_TRY_LATER = timedelta(hours=1)
"""How long after the others the last try comes: what ends workers from outside, again and again, is over by then."""
COLUMNS = {
    "id": "int8", "organisation_id": "int8", "raw_id": "int8", "channel": "text", "mailbox_id": "int8", "folder": "text",
    "epoch": "text", "key": "text", "uploaded_by_id": "int8", "filename": "text", "subject": "text", "sender": "text",
    "received_at": "timestamptz", "tries": "int2", "reason": "text", "problems": "jsonb",
}  # fmt: skip
SUBJECT_LENGTH = 500
SENDER_LENGTH = 320
FILENAME_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bytes that came in, and how. `folder`, `epoch` and `key` say where in the mailbox."""

    data: bytes
    channel: Channel
    received_at: datetime
    filename: str = ""
    uploaded_by_id: int | None = None
    mailbox_id: int | None = None
    folder: str = ""
    epoch: str = ""
    key: str = ""


def take_in(arrivals: Sequence[Arrival], *, organisation: Organisation, at: datetime) -> list[int]:
    """Put the bytes and their ledger rows, still without outcome, into the database; returns the message ids in order.

    Bytes that the organisation holds already are not kept twice. The first try at reading counts from here. Raises
    `reports.errors.RawStoreError` where bytes belong into a bucket that does not take them; nothing is taken in then.
    """
    contents = [arrival.data for arrival in arrivals]
    put = raw.put_beforehand(contents, organisation=organisation)
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            # Else two workers that bring the same bytes at once would both enter them; this lasts milliseconds.
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_CLASS, organisation.pk])
        raws = raw.keep_all(contents, organisation=organisation, at=at, put=put)
        table = Message._meta.db_table
        ids = next_ids(table, len(arrivals))
        copy_rows(
            table,
            COLUMNS,
            (
                (pk, *_fields(arrival, raw_id, organisation=organisation))
                for pk, arrival, raw_id in zip(ids, arrivals, raws, strict=True)
            ),
        )
    return ids


def _fields(arrival: Arrival, raw_id: int, *, organisation: Organisation) -> tuple[Any, ...]:
    """The values of COLUMNS after the id."""
    return (
        organisation.pk, raw_id, str(arrival.channel), arrival.mailbox_id, arrival.folder, arrival.epoch, arrival.key,
        arrival.uploaded_by_id, _plain(arrival.filename, FILENAME_LENGTH), "", "", arrival.received_at, 1, "", "[]",
    )  # fmt: skip


def still_unread(message_ids: Iterable[int]) -> set[int]:
    """Those of the messages that have no outcome yet, locked until the end of this transaction: one reader wins."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM reports_message WHERE id = ANY(%s::bigint[]) AND outcome IS NULL ORDER BY id FOR UPDATE",
            [array_of(message_ids)],
        )
        return {pk for (pk,) in cursor.fetchall()}


def left_unread(*, at: datetime) -> list[int]:
    """Messages that nobody reads any more, oldest first: taken in or claimed LEASE ago, and still without outcome."""
    taken = Coalesce("claimed_at", "received_at")
    left = Message.objects.filter(outcome__isnull=True).alias(taken=taken)
    left = left.filter(Q(taken__lte=at - LEASE) | Q(taken__gt=at + LEASE))
    return list(left.order_by("received_at", "pk").values_list("pk", flat=True))


def claim(message_id: int, *, at: datetime, lease: timedelta = LEASE) -> bool:
    """Take a message to read it once more; False where it has ended, or another reader took it within `lease`.

    The try is counted before the reading, so that a message that kills its reader is given up in the end; the last of TRIES
    comes LAST_TRY_LATER. Readers on any number of machines never wait for each other here. A claim from so much later than
    `at` is of a clock that was wrong.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reports_message SET tries = tries + 1, claimed_at = %(at)s WHERE id = ("
            "SELECT id FROM reports_message, "
            "make_interval(secs => CASE WHEN tries = %(others)s THEN %(pause)s ELSE %(lease)s END) AS lease "
            "WHERE id = %(id)s AND outcome IS NULL AND (claimed_at IS NULL OR claimed_at <= %(at)s - lease "
            "OR claimed_at > %(at)s + lease) FOR UPDATE OF reports_message SKIP LOCKED)",
            {
                "id": message_id,
                "at": at,
                "others": TRIES - 1,
                "lease": lease.total_seconds(),
                "pause": max(lease, LAST_TRY_LATER).total_seconds(),
            },
        )
        return bool(cursor.rowcount == 1)


def count_try(message_id: int) -> None:
    """Say that the message is about to be read once more by the reader that has it."""
    Message.objects.filter(pk=message_id, outcome__isnull=True).update(tries=F("tries") + 1)


def forgive_try(message_id: int) -> None:
    """Take back a try that the database has ended: a full disk or a restart says nothing about the message.

    Raises nothing; where the database does not answer, the try stays counted.
    """
    with suppress(DatabaseError, InterfaceError):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()  # what ended the try may have been the end of the session
        Message.objects.filter(pk=message_id, outcome__isnull=True, tries__gt=0).update(tries=F("tries") - 1)


def finish(ended: Sequence[tuple[Result, MailFacts]], *, at: datetime) -> None:
    """Write how the messages ended, in one statement. An outcome is written once, and changed by another reading alone."""
    _write(ended, at=at, condition="m.outcome IS NULL")


def finish_again(ended: Sequence[tuple[Result, MailFacts]], *, at: datetime) -> None:
    """Write how messages ended that were read once more."""
    _write(ended, at=at, condition="m.outcome IS NOT NULL")


def say_read(message_ids: Iterable[int], *, at: datetime) -> None:
    """Write that messages were read once more that ended as before."""
    with connection.cursor() as cursor:
        ids = array_of(message_ids)
        cursor.execute("UPDATE reports_message SET read_at = %s WHERE id = ANY(%s::bigint[])", [at, ids])


def ask_senders(message_ids: Iterable[int], *, at: datetime) -> None:
    """Have it asked who sent these messages where that is not known yet and nobody is about to ask."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reports_message SET sender_due_at = %s WHERE id = ANY(%s::bigint[]) AND sender_checked_at IS NULL "
            "AND (sender_due_at IS NULL OR sender_due_at > %s)",
            [at, array_of(message_ids), at],
        )


def _write(ended: Sequence[tuple[Result, MailFacts]], *, at: datetime, condition: str) -> None:
    # As one JSON text: what psycopg takes to write arrays is several times what PostgreSQL takes to read them.
    ends = [end_of(result, mail) for result, mail in ended]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reports_message m SET outcome = e.outcome, reason = e.reason, problems = e.problems, "  # noqa: S608
            "subject = e.subject, sender = e.sender, read_at = %s "
            "FROM json_to_recordset(%s) "
            "AS e(id bigint, outcome text, reason text, problems jsonb, subject text, sender text) "
            f"WHERE m.id = e.id AND {condition}",
            [at, json.dumps(ends, ensure_ascii=False)],
        )


def end_of(result: Result, mail: MailFacts) -> dict[str, Any]:
    """What the ledger keeps of how a message ended, by the names of its columns."""
    return {
        "id": result.message_id,
        "outcome": str(result.outcome),
        "reason": result.reason,
        "problems": [to_json(problem) for problem in result.problems],
        "subject": _plain(mail.subject, SUBJECT_LENGTH),
        "sender": _plain(mail.sender, SENDER_LENGTH),
    }


def result_of(message_id: int) -> Result:
    """How a message ended that another worker has read; its reports are left to the pages."""
    message = Message.objects.get(pk=message_id)
    problems = tuple(Problem(each["code"], tuple(each["params"].items())) for each in message.problems)
    return Result(Outcome(message.outcome or Outcome.REFUSED), message.reason, problems, (), message_id)


def to_json(problem: Problem) -> dict[str, Any]:
    """A problem as the ledger keeps it: {"code", "params": {name: text}}."""
    return {"code": str(problem.code), "params": {name: _plain(text, SUBJECT_LENGTH) for name, text in problem.params}}


def _plain(text: str, length: int) -> str:
    """The text as PostgreSQL can hold it: mail headers and file names may carry NUL and bytes of no character set."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:length]
