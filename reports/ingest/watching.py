"""Keeps a connection open to mailboxes that want it, and visits them as soon as mail arrives (IMAP IDLE, RFC 2177).

Visits at an interval go on beside it, so that whatever is missed here is only late. Reads nothing itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread

from django.db import DatabaseError, connections

from reports.errors import MailboxError
from reports.ingest.places.imap_folder import ImapFolder
from reports.ingest.places.place import open_place
from reports.ingest.places.registry import way_to
from reports.ingest.visit import visit
from reports.models import Mailbox
from reports.vocabulary import PlaceKind

MOST_WATCHED = 50
"""Each is a thread and a connection; further ones are visited at their interval only."""
LOOK_SECONDS = 30.0
"""So long until a change of the mailboxes is noticed."""
IDLE_SECONDS = 9 * 60
"""Servers end an IDLE after 30 minutes, address translators a silent connection after 10."""
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0
log = logging.getLogger(__name__)
Settings = tuple[object, ...]


class Watcher:
    """Watches until `stop` is set."""

    def __init__(self, *, clock: Callable[[], datetime], stop: Event) -> None:
        self._clock = clock
        self._stop = stop
        self._threads: dict[int, tuple[Settings, Event, Thread]] = {}

    def run(self) -> None:
        """Start a thread for each mailbox that is to be watched, and end it where that changed. Returns after `stop`."""
        while True:
            try:
                self.look()
            except DatabaseError:
                log.exception("the mailboxes cannot be listed; tried again")
            finally:
                connections.close_all()
            if self._stop.wait(LOOK_SECONDS):
                break
        for _, ended, _ in self._threads.values():
            ended.set()
        for _, _, thread in self._threads.values():
            thread.join()

    def look(self) -> None:
        """Compare the threads with the mailboxes once."""
        wanted = {mailbox.pk: mailbox for mailbox in _watched()[:MOST_WATCHED]}
        for pk, (settings, ended, thread) in list(self._threads.items()):
            if pk not in wanted or settings != _settings(wanted[pk]):
                ended.set()
                del self._threads[pk]
            elif not thread.is_alive():
                del self._threads[pk]
        for pk, mailbox in wanted.items():
            if pk not in self._threads:
                ended = Event()
                thread = Thread(target=self._watch, args=(mailbox, ended), name=f"mailbox {pk}", daemon=True)
                self._threads[pk] = (_settings(mailbox), ended, thread)
                thread.start()

    def _watch(self, mailbox: Mailbox, ended: Event) -> None:
        pause = FIRST_PAUSE
        while not ended.is_set():
            try:
                with open_place(way_to(mailbox), is_read_only=True) as place:
                    if not isinstance(place, ImapFolder) or not place.can_notify:
                        log.info("mailbox %d: its server has no IDLE; it is visited at its interval", mailbox.pk)
                        ended.wait()
                        return
                    pause = FIRST_PAUSE
                    self._visit(mailbox)  # for what came while nobody watched
                    while not ended.is_set():
                        if place.wait_for_mail(seconds=IDLE_SECONDS, ended=ended):
                            self._visit(mailbox)
            except (MailboxError, DatabaseError) as error:
                log.warning("mailbox %d is not watched for %.0f seconds: %s", mailbox.pk, pause, error)
                ended.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            finally:
                connections.close_all()

    def _visit(self, mailbox: Mailbox) -> None:
        """Where another visit is on, it may have listed before this mail came: then the next one is due at once."""
        if not visit(mailbox.pk, clock=self._clock):
            Mailbox.objects.filter(pk=mailbox.pk).update(due_at=self._clock())


def _watched() -> list[Mailbox]:
    mailboxes = Mailbox.objects.filter(kind=PlaceKind.IMAP, is_enabled=True, settings__notify=True)
    return list(mailboxes.select_related("organisation").order_by("pk"))


def _settings(mailbox: Mailbox) -> Settings:
    return repr(mailbox.settings), bytes(mailbox.secret)
