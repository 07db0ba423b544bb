"""From bytes to committed rows, in the order that a crash anywhere can neither repeat nor lose: taken in, read, stored.

Who brings the bytes (IMAP, uploads, files, the demo) stays outside; mail is acknowledged there, after this returns.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, transaction

from reports.dto import MailFacts, Problem
from reports.errors import RawStoreError
from reports.ingest import ledger, raw, stages, store
from reports.ingest.collection import collection_paused
from reports.ingest.ledger import Arrival
from reports.ingest.outcome import Reading, Result, conclude
from reports.ingest.read import read
from reports.masking import mask_trace
from reports.models import Message, Organisation
from reports.partitions import make_months
from reports.vocabulary import Channel, Outcome, Reason

ROWS_TOGETHER = 20_000
TRACE_LENGTH = 500
log = logging.getLogger(__name__)

Checkpoint = Callable[[str], None]
"""Told the name of each step that has just been committed or finished; tests end the process there."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A message that is in the ledger and has no outcome yet."""

    pk: int
    data: bytes
    filename: str


def no_checkpoint(step: str) -> None:
    """Go on."""


def ingest_bytes(
    data: bytes,
    *,
    organisation: Organisation,
    channel: Channel,
    filename: str = "",
    at: datetime,
    uploaded_by_id: int | None = None,
) -> Result:
    """Take in, read and store one message or file; see `ingest`."""
    arrival = Arrival(data, channel, at, filename=filename, uploaded_by_id=uploaded_by_id)
    (result,) = ingest([arrival], organisation=organisation, at=at)
    return result


def ingest(
    arrivals: Sequence[Arrival],
    *,
    organisation: Organisation,
    at: datetime,
    checkpoint: Checkpoint = no_checkpoint,
) -> list[Result]:
    """Take in, read and store messages, in a transaction for all of them and one for each ROWS_TOGETHER; the results are in their order.

    Each ends with an outcome and a reason, whatever it holds: one that cannot be read or stored together with the
    others is tried alone, and refused after ledger.TRIES. Raises only what concerns all: the database is gone, or the bucket that
    keeps their bytes (RawStoreError).
    """
    if not arrivals:
        return []
    with collection_paused(), stages.work("ingest", batch=stages.batch_id()):
        ids = ledger.take_in(arrivals, organisation=organisation, at=at)
        stages.reached("taken in", ids)
        checkpoint("taken in")
        batch = [Unread(pk, arrival.data, arrival.filename) for pk, arrival in zip(ids, arrivals, strict=True)]
        return _read_and_store(batch, organisation=organisation, at=at, checkpoint=checkpoint)


def read_taken_in(message_ids: Iterable[int], *, organisation: Organisation, at: datetime) -> list[Result]:
    """Read messages together that were taken in, and that nobody has tried to read yet."""
    messages = Message.objects.filter(pk__in=message_ids, outcome__isnull=True).select_related("raw").order_by("pk")
    with collection_paused(), stages.work("ingest", batch=stages.batch_id()):
        brought = raw.with_bytes(messages)
        batch = [Unread(each.pk, data, each.filename) for each, data in brought if isinstance(data, bytes)]
        return _read_and_store(batch, organisation=organisation, at=at, checkpoint=no_checkpoint)


def finish_unread(
    message_ids: Iterable[int],
    *,
    at: datetime,
    checkpoint: Checkpoint = no_checkpoint,
    lease: timedelta = ledger.LEASE,
) -> Iterator[Result]:
    """Read, one by one, messages that a crash left taken in but unread; one that keeps killing its reader is refused.

    What another reader has claimed within `lease` is left to that one, and what ended two readers is left for later
    (ledger.claim).
    """
    for pk in message_ids:
        if not ledger.claim(pk, at=at, lease=lease):
            continue
        message = Message.objects.select_related("raw", "organisation").get(pk=pk)
        if message.tries > ledger.TRIES:
            ledger.forgive_try(pk)  # it is not made
            yield _give_up(message.pk, "", at=at)
        elif message.raw:
            try:
                item = Unread(message.pk, raw.bytes_of(message.raw), message.filename)
                with stages.work("finish", batch=stages.new_batch_id()):
                    results = _read_and_store([item], organisation=message.organisation, at=at, checkpoint=checkpoint)
            except (OperationalError, RawStoreError):  # neither says anything about the message
                ledger.forgive_try(pk)
                raise
            yield from results


def _read_and_store(
    batch: Sequence[Unread], *, organisation: Organisation, at: datetime, checkpoint: Checkpoint
) -> list[Result]:
    results: dict[int, Result] = {}
    for part in _read_in_parts(batch):
        stages.reached("read", [pk for pk, _ in part])
        checkpoint("read")
        try:
            results |= _store(part, organisation=organisation, at=at, checkpoint=checkpoint)
        except OperationalError:
            raise
        except Exception:  # what PostgreSQL refuses of one message takes the whole transaction with it
            named = stages.naming([pk for pk, _ in part])
            log.exception("%d messages cannot be stored as one", len(part), extra=named)
    return [results.get(item.pk) or _alone(item, organisation=organisation, at=at) for item in batch]


def _read_in_parts(batch: Sequence[Unread]) -> Iterator[list[tuple[int, Reading]]]:
    """The readings of a batch, in parts that hold so many rows that memory stays small and a transaction worth while."""
    part: list[tuple[int, Reading]] = []
    rows = 0
    for item in batch:
        try:
            reading = read(item.data, filename=item.filename)
        except Exception:  # a fault of ours in one message must not hold up the others
            log.exception("message %d cannot be read with its batch", item.pk, extra=stages.naming([item.pk]))
            continue
        part.append((item.pk, reading))
        rows += reading.rows
        if rows >= ROWS_TOGETHER:
            yield part
            part, rows = [], 0
    if part:
        yield part


def _store(
    readings: Sequence[tuple[int, Reading]], *, organisation: Organisation, at: datetime, checkpoint: Checkpoint
) -> dict[int, Result]:
    """Reports, rows, sums and outcomes in one transaction; a message that another worker has ended is left out."""
    make_months(store.days_of(readings, at=at), at=at)
    with transaction.atomic(durable=True):
        unread = ledger.still_unread(pk for pk, _ in readings)
        mine = [(pk, reading) for pk, reading in readings if pk in unread]
        kept = store.store(mine, organisation=organisation, at=at)
        results = {pk: conclude(reading, each, message_id=pk) for (pk, reading), each in zip(mine, kept, strict=True)}
        ledger.finish([(results[pk], reading.mail) for pk, reading in mine], at=at)
        stages.reached("stored", list(results))
        checkpoint("stored")
    stages.reached("committed", list(results))
    checkpoint("committed")
    return results | {pk: ledger.result_of(pk) for pk, _ in readings if pk not in unread}


def _alone(item: Unread, *, organisation: Organisation, at: datetime) -> Result:
    """Try one message by itself until it is stored or given up; the try with the others counts as the first."""
    trace = ""
    for _ in range(ledger.TRIES - 1):
        ledger.count_try(item.pk)
        try:
            reading = read(item.data, filename=item.filename)
            stages.reached("read", [item.pk])
            return _store([(item.pk, reading)], organisation=organisation, at=at, checkpoint=no_checkpoint)[item.pk]
        except OperationalError:
            ledger.forgive_try(item.pk)
            raise
        except Exception:  # a fault of ours, or what PostgreSQL refuses: the last one is shown with the message
            log.exception("message %d cannot be read", item.pk, extra=stages.naming([item.pk]))
            trace = mask_trace(traceback.format_exc())[-TRACE_LENGTH:]
    return _give_up(item.pk, trace, at=at)


def _give_up(pk: int, trace: str, *, at: datetime) -> Result:
    result = Result(
        Outcome.REFUSED, Reason.READER_FAILED, (Problem(Reason.READER_FAILED, (("trace", trace),)),), (), pk
    )
    ledger.finish([(result, MailFacts())], at=at)
    stages.reached("given up", [pk])
    return result
