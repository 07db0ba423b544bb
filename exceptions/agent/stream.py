"""The local Redis stream into which the filter writes: entries are read once each, kept pending, and deleted when sent.

Pending entries come before new ones, and others' are taken over only when there are none: so a batch that is sent
again after a lost answer has the same entries, and the server can tell that it knows it.
"""

from __future__ import annotations

import time
from typing import NamedTuple, cast

from exceptions.agent.log import log
from exceptions.agent.resp import Redis, Reply
from exceptions.errors import AgentError

GROUP = "sekimori-agent"
BLOCK = 1_000
"""Milliseconds to wait for a new entry."""
ABANDONED = 60_000
"""Milliseconds after which an entry that another consumer holds is taken over."""


class Entry(NamedTuple):
    id: str
    fields: dict[str, bytes]


class EventStream:
    """One consumer of the stream; connects when first used and again after a failure. Raises AgentError."""

    def __init__(self, address: str, *, stream: str, consumer: str) -> None:
        self._address, self._stream, self._consumer = address, stream, consumer
        self._redis: Redis | None = None
        self._claimed_at = 0.0

    def read(self, count: int, *, block: bool = True) -> list[Entry]:
        """Up to `count` entries that are not yet confirmed, oldest first; waits a second for one if told to block."""
        entries = self._read("0", count)
        if not entries and time.monotonic() - self._claimed_at > ABANDONED / 1000:
            self._ask("XAUTOCLAIM", self._stream, GROUP, self._consumer, ABANDONED, "0-0", "COUNT", count)
            self._claimed_at = time.monotonic()
            entries = self._read("0", count)
        return entries or self._read(">", count, *(("BLOCK", BLOCK) if block else ()))

    def confirm(self, entries: list[Entry]) -> None:
        """Forget entries that were sent. They name people, so they are deleted, not only acknowledged."""
        ids = [entry.id for entry in entries]
        if ids:
            self._ask("XACK", self._stream, GROUP, *ids)
            self._ask("XDEL", self._stream, *ids)

    def close(self) -> None:
        if self._redis:
            self._redis.close()
        self._redis = None

    def _read(self, start: str, count: int, *options: str | int) -> list[Entry]:
        command = ("XREADGROUP", "GROUP", GROUP, self._consumer, "COUNT", count, *options)
        reply = self._ask(*command, "STREAMS", self._stream, start)
        return _entries(reply) if reply else []

    def _ask(self, *words: str | int) -> Reply:
        try:
            if self._redis is None:
                self._redis = Redis(self._address)
                self._create_group(self._redis)
            return self._redis.ask(*words)
        except AgentError:
            self.close()
            raise

    def _create_group(self, redis: Redis) -> None:
        try:
            redis.ask("XGROUP", "CREATE", self._stream, GROUP, "0", "MKSTREAM")
            log("stream_group_created", stream=self._stream)
        except AgentError as error:
            if "BUSYGROUP" not in str(error.params.get("reason", "")):
                raise


def _entries(reply: Reply) -> list[Entry]:
    """[[stream, [[id, [name, value, ...]], ...]]]; an entry that was trimmed while pending has no fields."""
    try:
        [[_, listed]] = cast("list[list[list[list[bytes | list[bytes]]]]]", reply)
        return [_entry(cast("bytes", identifier), cast("list[bytes] | None", parts)) for identifier, parts in listed]
    except (TypeError, ValueError):
        raise AgentError("redis_error", reason="unexpected reply") from None


def _entry(identifier: bytes, parts: list[bytes] | None) -> Entry:
    pairs = parts or []
    return Entry(
        identifier.decode(),
        {name.decode(errors="replace"): value for name, value in zip(pairs[::2], pairs[1::2], strict=True)},
    )
