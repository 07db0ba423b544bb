"""The process that visits: until nothing is left, or until it is ended after so many mails. Says how long it took and what it holds.

`python -m tests.folder.visiting PORT CA_FILE USER PASSWORD STOP_AFTER`
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import django

django.setup()

from django.utils import timezone  # noqa: E402  (Django first)

from reports.ingest.places.secrets import sealed_secret  # noqa: E402
from reports.ingest.visit import visit  # noqa: E402
from reports.models import AggregateReport, Mailbox, Message, Organisation, Sighting  # noqa: E402
from tests.reports.stored import make_organisation  # noqa: E402

STEP = 10_000


def main() -> int:
    """0 where all was read; the process ends by SIGKILL where it was told to."""
    port, ca_file, user, password, stop_after = sys.argv[1:]
    mailbox = _mailbox(int(port), ca_file, user, password)
    told = _Told(stop_after=int(stop_after), seen=Message.objects.filter(mailbox=mailbox).count())
    visits = 0
    while visits == 0 or mailbox.due_at <= timezone.now():
        visit(mailbox.pk, clock=timezone.now, checkpoint=told.checkpoint)
        visits += 1
        mailbox.refresh_from_db()
        if mailbox.error_code:
            raise SystemExit(f"{mailbox.error_code} {mailbox.error_detail}")
    found = {
        "messages": Message.objects.count(),
        "acknowledged": Message.objects.filter(acknowledged_at__isnull=False).count(),
        "reports": AggregateReport.objects.count(),
        "seen_again": Sighting.objects.count(),
    }
    print(json.dumps({"step": "end", "visits": visits, **found, **_memory()}), flush=True)
    return int(len({found["messages"], found["acknowledged"], found["reports"]}) != 1 or found["seen_again"] > 0)


class _Told:
    """Counts acknowledged mails by what the ledger says, at each step."""

    def __init__(self, *, stop_after: int, seen: int) -> None:
        self._stop_after, self._seen, self._last, self._first = stop_after, seen, time.monotonic(), seen
        self._is_first = True
        self._waiting = 0

    def checkpoint(self, step: str) -> None:
        if step == "fetched" and self._is_first:
            self._is_first = False
            self._say(step="first batch", mails=self._seen)
        if step == "acknowledged":
            count = Message.objects.filter(acknowledged_at__isnull=False).count()
            if count // STEP > self._seen // STEP:
                self._say(step="acknowledged", mails=count)
            self._seen = count
            if self._stop_after and count >= self._stop_after:
                self._say(step="killed", mails=count)
                os.kill(os.getpid(), signal.SIGKILL)

    def _say(self, **values: object) -> None:
        now = time.monotonic()
        print(json.dumps({**values, "seconds": round(now - self._last, 1), **_memory()}), flush=True)
        self._last = now


def _mailbox(port: int, ca_file: str, user: str, password: str) -> Mailbox:
    if found := Mailbox.objects.first():
        return found
    organisation = Organisation.objects.first() or make_organisation()
    settings = {
        "host": "localhost",
        "port": port,
        "tls": "implicit",
        "ca_certificate": Path(ca_file).read_text(),
        "username": user,
        "folder": "INBOX",
    }
    return Mailbox.objects.create(
        organisation=organisation, name=user, settings=settings, secret=sealed_secret(password)
    )


def _memory() -> dict[str, int]:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: int(status[field].split()[0]) >> 10 for name, field in (("rss_mib", "VmRSS"), ("peak_mib", "VmHWM"))}


if __name__ == "__main__":
    sys.exit(main())
