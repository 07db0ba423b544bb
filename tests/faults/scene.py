"""Owns one injection's stage set: an organisation, a folder full of mail, the run without faults, and the comparison with it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random

from django.db import connection

from reports.ingest.places.secrets import sealed_secret
from reports.ingest.read import read
from reports.models import Mailbox, Message, Organisation
from tests.faults import crew, proxy
from tests.faults.crew import Script
from tests.faults.dump import differences, dump, without_copies
from tests.faults.mails import WORLDS, world
from tests.faults.stage import Stage
from tests.faults.workers import FORKS, Worker
from tests.reports.mailboxes import PASSWORD, change_settings
from tests.reports.stored import NOW, make_organisation

FOLDER = "Reports"
FOLDERS = (FOLDER, "Handled", "Refused")
ACTIONS = (("move", "flag"), ("flag", "leave"), ("flag", "move"), ("move", "move"), ("leave", "leave"))
MOST_VISITS = 12
GONE_SECONDS = 10
LEAST_BATCHES = 3

Mails = dict[str, list[tuple[bytes, tuple[bytes, ...]]]]


class NotIdentical(Exception):
    """The end differs from that of a run without faults, or was not reached."""


class CannotRun(Exception):
    """This machine does not allow what the injection takes."""


@dataclass(frozen=True)
class Baseline:
    """A run without faults: what it left, the checkpoints it passed, how long it took, and how many bytes the server and the worker sent."""

    organisation: Organisation
    mails: Mails
    steps: tuple[str, ...]
    seconds: float
    passed: tuple[int, int]


@dataclass
class Scene:
    """A mailbox with the mail of one world. `rng` decides everything that is not decided by the kind of injection."""

    stage: Stage
    rng: Random
    name: str
    number: int = field(init=False)
    actions: tuple[str, str] = field(init=False)
    mailbox: Mailbox = field(init=False)
    copies: Sequence[bytes] = ()
    """Mails that were delivered once more than in the run without faults."""

    def __post_init__(self) -> None:
        self.number, self.actions = self.rng.randrange(WORLDS), self.rng.choice(ACTIONS)
        self.mailbox = _filled(self.stage, self.name, world(self.number), self.actions)

    @property
    def baseline(self) -> Baseline:
        """The run without faults over the same mail with the same actions."""
        return _baseline(self.stage, self.number, self.actions)

    @property
    def organisation(self) -> Organisation:
        """Whose mail it is."""
        return self.mailbox.organisation

    def visit(self, script: Script | None = None) -> Worker:
        """Start a worker on the mailbox."""
        return Worker(crew.visit, self.mailbox.pk, script or Script())

    def deliver(self, mails: Sequence[bytes]) -> None:
        """Put more mail into the folder."""
        _append(self.stage, self.mailbox.settings["username"], mails)

    def settle(self) -> None:
        """Visit until nothing is left to do. Raises NotIdentical where that never comes."""
        for hour in range(MOST_VISITS):
            _visit_once(self.mailbox, hour=hour)
            if self.is_quiet():
                return
        connection.close()
        state = Mailbox.objects.values_list("error_code", "error_detail").get(pk=self.mailbox.pk)
        raise NotIdentical(f"not quiet after {MOST_VISITS} visits: {state}")

    def is_quiet(self) -> bool:
        """Whether the last visit went well and every mail is read and acknowledged."""
        connection.close()
        is_well = Mailbox.objects.filter(pk=self.mailbox.pk, error_code="", last_success_at__isnull=False).exists()
        return is_well and not Message.objects.filter(mailbox=self.mailbox, acknowledged_at__isnull=True).exists()

    def compare(self) -> None:
        """Raise NotIdentical unless tables and mails are those of the run without faults."""
        connection.close()
        without = frozenset({"sightings"} if self.copies else ())
        expected, found = dump(self.baseline.organisation, without=without), dump(self.organisation, without=without)
        reports = sum(len(read(copy).reports) for copy in self.copies)
        lines = differences(expected, without_copies(found, expected, count=len(self.copies), reports=reports))
        mails, left = self._mails_expected(), _mails_left(self.stage, self.mailbox.settings["username"])
        if left != mails:
            lines.append(f"mails  {_shape(mails)} became {_shape(left)}")
        if lines:
            raise NotIdentical("\n".join(lines))

    def _mails_expected(self) -> Mails:
        """What lies in the folders without faults; a copy lies where its original lies."""
        mails = self.baseline.mails
        return {
            folder: sorted(
                [*found, *(mail for copy in self.copies for mail in set(found) if mail[0] == _on_the_wire(copy))]
            )
            for folder, found in mails.items()
        }

    @contextmanager
    def wire(self, cuts: Sequence[int], *, side: int, resets: bool) -> Iterator[None]:
        """Lead the mailbox through a wire that is cut after so many bytes of the server (`side` 0) or the worker (1)."""
        with _wired(self.stage, self.mailbox, cuts, side=side, resets=resets):
            yield


def _filled(stage: Stage, name: str, mails: Sequence[bytes], actions: tuple[str, str]) -> Mailbox:
    connection.close()
    user = name.lower()
    stage.dovecot.add_user(user, password=PASSWORD, folders=[FOLDER])
    mailbox = Mailbox.objects.create(
        organisation=make_organisation(user),
        name=user,
        settings={
            "host": "localhost",
            "port": stage.dovecot.imaps_port,
            "tls": "implicit",
            "ca_certificate": Path(stage.dovecot.ca_file).read_text(),
            "username": user,
            "folder": FOLDER,
        },
        secret=sealed_secret(PASSWORD),
        handled_action=actions[0],
        handled_folder="Handled",
        refused_action=actions[1],
        refused_folder="Refused",
    )
    _append(stage, user, mails)
    return mailbox


def _append(stage: Stage, user: str, mails: Sequence[bytes]) -> None:
    with stage.dovecot.connect(user) as client:
        for each in mails:
            client.append(FOLDER, each)


def _mails_left(stage: Stage, user: str) -> Mails:
    left: Mails = {}
    with stage.dovecot.connect(user) as client:
        for folder in FOLDERS:
            if client.folder_exists(folder):
                client.select_folder(folder, readonly=True)
                found = client.fetch(client.search(), ["BODY.PEEK[]", "FLAGS"])
                left[folder] = sorted(
                    (data[b"BODY[]"], tuple(sorted(set(data[b"FLAGS"]) - {b"\\Recent"}))) for data in found.values()
                )
    return left


def _on_the_wire(mail: bytes) -> bytes:
    """As IMAP has it: lines end in CRLF."""
    return mail.replace(b"\n", b"\r\n")


def _shape(mails: Mails) -> dict[str, int]:
    return {folder: len(found) for folder, found in mails.items()}


@cache
def _baseline(stage: Stage, number: int, actions: tuple[str, str]) -> Baseline:
    mailbox = _filled(stage, f"undisturbed-{number}-{'-'.join(actions)}", world(number), actions)
    with _wired(stage, mailbox, []) as passed:
        began = time.monotonic()
        worker = Worker(crew.visit, mailbox.pk, Script())
        steps = worker.says()
        worker.ends()
        mailbox.refresh_from_db()
        if mailbox.error_code or not steps:
            raise NotIdentical(f"the run without faults fails: {mailbox.error_code} {mailbox.error_detail}")
        if steps.count("fetched") < LEAST_BATCHES:
            raise NotIdentical(
                f"the run without faults has {steps.count('fetched')} batches: nothing falls between them"
            )
        seconds, count = time.monotonic() - began, passed()
    return Baseline(
        mailbox.organisation, _mails_left(stage, mailbox.settings["username"]), tuple(steps), seconds, count
    )


@contextmanager
def _wired(
    stage: Stage, mailbox: Mailbox, cuts: Sequence[int], *, side: int = 0, resets: bool = False
) -> Iterator[Callable[[], tuple[int, int]]]:
    listener = socket.create_server(("127.0.0.1", 0))
    passed = FORKS.Value("q", 0), FORKS.Value("q", 0)
    wire = Worker(proxy.serve, listener, stage.dovecot.imaps_port, list(cuts), passed, side, resets, has_line=False)
    change_settings(mailbox, port=listener.getsockname()[1])
    try:
        yield lambda: (passed[0].value, passed[1].value)
    finally:
        wire.kill()
        listener.close()
        connection.close()
        change_settings(mailbox, port=stage.dovecot.imaps_port)


def _visit_once(mailbox: Mailbox, *, hour: int) -> None:
    """One visit without faults; waits for a lock that a killed worker's session still holds."""
    deadline = time.monotonic() + GONE_SECONDS
    while True:
        worker = Worker(crew.visit, mailbox.pk, Script(at=NOW + timedelta(hours=hour)))
        worker.says()
        status = worker.ends()
        if status != crew.NOT_VISITED or time.monotonic() > deadline:
            break
    if status:
        raise NotIdentical(f"a visit without a fault ends with status {status}")
