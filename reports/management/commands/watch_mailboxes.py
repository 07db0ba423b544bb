"""Runs until it is told to stop: visits mailboxes as soon as mail arrives in them (docs/mailboxes/imap.md)."""

from __future__ import annotations

import signal
from threading import Event
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from reports.ingest.watching import Watcher


class Command(BaseCommand):
    requires_system_checks = []  # they would load every page
    help = "Keep a connection to the mailboxes that are to be read at once, and visit them when mail arrives."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = Event()

        def end(signum: int, frame: FrameType | None) -> None:
            stop.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        Watcher(clock=timezone.now, stop=stop).run()
