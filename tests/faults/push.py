"""Owns the injection into what a mail server hands over by LMTP: it hands a mail over again until it is told that it is kept."""

from __future__ import annotations

import smtplib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from django.db import connection

from reports.models import Message, Organisation
from tests.faults import crew
from tests.faults.crew import Script
from tests.faults.dump import ORDER_DECIDES, Dump, differences, dump
from tests.faults.mails import WORLDS, world
from tests.faults.places import IMAP
from tests.faults.scene import PLACES, NotIdentical, baseline
from tests.faults.stage import Stage
from tests.faults.workers import Worker
from tests.reports.stored import make_organisation

STEPS = ("taken in", "read", "stored", "committed")
WITHOUT = ORDER_DECIDES | {"channel", "acknowledged_at", "sightings"}
"""What mail in a mailbox has, or what copies change."""
LEFT = ("leave", "leave")
MOST_TIMES = 10
MOST_REPORTS = 3
"""That one mail of a world holds."""


@dataclass
class PushScene:
    """An organisation that gets the mail of one world by LMTP. `rng` decides everything that is not decided by the kind."""

    stage: Stage
    rng: Random
    name: str
    number: int = field(init=False)
    organisation: Organisation = field(init=False)
    deaths: int = 0

    def __post_init__(self) -> None:
        self.number = self.rng.choice([number for number in range(WORLDS) if PLACES[number] == IMAP])
        self.organisation = make_organisation(self.name.lower())

    def serve(self, script: Script) -> Worker:
        """Start an LMTP server, and wait until it listens."""
        server = Worker(crew.serve_lmtp, str(self.socket), self.organisation.pk, script)
        server.says()
        return server

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.stage.places.sockets / "lmtp"

    def settle(self) -> None:
        """Read what was left unread."""
        job = Worker(crew.finish_interrupted, has_line=False)
        job.ends()
        connection.close()
        if Message.objects.filter(organisation=self.organisation, outcome__isnull=True).exists():
            raise NotIdentical("mail is left unread")

    def compare(self) -> None:
        """Raise NotIdentical unless all is there as if it had come by IMAP, but for copies of mails that were not answered for."""
        connection.close()
        expected = dump(baseline(self.stage, self.number, LEFT, has_bucket=False).organisation, without=WITHOUT)
        found = dump(self.organisation, without=WITHOUT)
        if lines := differences(expected, self._without_copies(found, expected)):
            raise NotIdentical("\n".join(lines))

    def _without_copies(self, found: Dump, expected: Dump) -> Dump:
        copies = len(found["Message"]) - len(expected["Message"])
        seen_again = Counter(found["Sighting"]) - Counter(expected["Sighting"])
        is_lost = bool(Counter(expected["Sighting"]) - Counter(found["Sighting"]))
        if not 0 < copies <= self.deaths or is_lost or seen_again.total() > copies * MOST_REPORTS:
            return found
        if set(found["Message"]) != set(expected["Message"]):
            return found
        return found | {table: expected[table] for table in ("Message", "Sighting")}


def lmtp_killed(scene: PushScene) -> str:
    """kill -9 of the LMTP server at steps of reading; the mail server knows of nothing and hands over again what was not kept."""
    steps = len(world(scene.number)) * len(STEPS)
    places = sorted(scene.rng.sample(range(steps), scene.rng.choice((1, 2, 3))))
    server = scene.serve(Script(dies_at=places[0]))
    try:
        for mail in world(scene.number):
            for _ in range(MOST_TIMES):
                if _hand_over(scene.socket, mail):
                    break
                server.kill()
                scene.deaths += 1
                later = scene.rng.randrange(steps) if scene.deaths < len(places) else None
                server = scene.serve(Script(dies_at=later))
    finally:
        server.kill()
    return f"{scene.deaths} times, first at step {places[0]} of {steps}"


def _hand_over(socket: Path, mail: bytes) -> bool:
    """Whether it was kept."""
    try:
        with smtplib.LMTP(str(socket)) as client:
            client.sendmail("sender@example.net", ["reports@example.com"], mail.replace(b"\n", b"\r\n"))
    except (OSError, smtplib.SMTPException):
        return False
    return True


PUSH_KINDS: dict[str, Callable[[PushScene], str]] = {lmtp_killed.__name__: lmtp_killed}
