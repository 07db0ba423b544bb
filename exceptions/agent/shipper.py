"""Brings what the filter saw to the server, at least once each. Its failures never touch the policy."""

from __future__ import annotations

import threading
from http import HTTPStatus

from exceptions.agent import backoff
from exceptions.agent.batch import fold
from exceptions.agent.log import log, log_error
from exceptions.agent.server import Server
from exceptions.agent.stream import Entry, EventStream
from exceptions.errors import AgentError

LARGEST = 500
"""Entries in one request, at most."""
PAUSE = 1.0
"""Seconds between requests: on a busy host one carries many entries, and a page still shows them within seconds."""

_TOO_MUCH = (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY)


class EventShipper:
    """The event thread's state."""

    def __init__(self, stream: EventStream, *, server: Server) -> None:
        self._stream = stream
        self._server = server
        self._size = LARGEST
        self._failures = 0

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; a batch under way is finished."""
        while not stop.is_set():
            sent = self.step()
            if self._failures:
                stop.wait(backoff.delay(self._failures))
            elif sent:
                stop.wait(PAUSE)
        self._stream.close()

    def step(self, *, block: bool = True) -> int:
        """Ship one batch; returns how many entries are done with. A failure is logged, and the entries stay."""
        try:
            entries = self._stream.read(self._size, block=block)
            done = self._ship(entries) if entries else 0
        except AgentError as error:
            self._failures += 1
            log_error("events_kept", error)
            return 0
        self._failures = 0
        return done

    def _ship(self, entries: list[Entry]) -> int:
        batch = fold(entries)
        for identifier in batch.broken:
            log("entry_unreadable", id=identifier)
        try:
            if any(batch.document.values()):
                self._server.post("events", batch.document)
            self._size = min(LARGEST, self._size * 2)
        except AgentError as error:
            if error.params.get("status") not in _TOO_MUCH:
                raise
            if not self._is_hopeless(entries):
                raise
        self._stream.confirm(entries)
        return len(entries)

    def _is_hopeless(self, entries: list[Entry]) -> bool:
        """After a refusal of the content: try half, down to the one entry that the server will never take."""
        if len(entries) > 1:
            self._size = len(entries) // 2
            return False
        log("entry_refused", id=entries[0].id)
        self._size = LARGEST
        return True
