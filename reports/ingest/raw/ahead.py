"""Gives the bytes of many messages one after another; those in the bucket are fetched while earlier ones are read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from reports.errors import RawStoreError
from reports.ingest.raw.keeping import bytes_of, bytes_of_object, moved_meanwhile
from reports.ingest.raw.opening import PARALLEL, forget_credentials
from reports.ingest.raw.packing import RawDamaged
from reports.models import Message, RawMessage
from reports.sealing import SealBroken

BYTES_AHEAD = 16 << 20
_Waiting = deque[tuple[Message, Future[bytes] | None]]


def with_bytes(messages: Iterable[Message]) -> Iterator[tuple[Message, bytes | SealBroken | None]]:
    """Each message with its bytes: None where they were thrown away, SealBroken where they cannot be opened any more.

    Raises RawStoreError where the bucket does not answer. `message.raw` should have been selected along.
    """
    waiting: _Waiting = deque()
    with ThreadPoolExecutor(PARALLEL, thread_name_prefix="raw") as pool:
        for message in messages:
            raw = message.raw
            waiting.append((message, pool.submit(bytes_of_object, raw) if raw and raw.sealed is None else None))
            while waiting and _are_enough(waiting):
                yield _next(waiting)
        while waiting:
            yield _next(waiting)


def _are_enough(waiting: _Waiting) -> bool:
    """Rows hold their bytes already: to read on before these are read would only hold more of them."""
    size = sum(message.raw.size for message, _ in waiting if message.raw)
    return waiting[0][1] is None or len(waiting) > PARALLEL or size > BYTES_AHEAD


def _next(waiting: _Waiting) -> tuple[Message, bytes | SealBroken | None]:
    message, fetched = waiting.popleft()
    return message, _result(message.raw, fetched) if message.raw else None


def _result(raw: RawMessage, fetched: Future[bytes] | None) -> bytes | SealBroken:
    try:
        return fetched.result() if fetched else bytes_of(raw)
    except RawStoreError as error:
        forget_credentials(error)
        raise
    except RawDamaged as error:
        return moved_meanwhile(raw) or error
    except SealBroken as error:
        return error
