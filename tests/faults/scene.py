"""Owns one injection's stage set: an organisation, a folder full of mail, the run without faults, and the comparison with it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from random import Random

from django.db import connection

from dmarcsite.services.places import DATABASE
from reports.ingest.read import read
from reports.models import Mailbox, Message, Organisation
from tests.faults import crew, proxy
from tests.faults.crew import Script
from tests.faults.dump import ORDER_DECIDES, differences, dump, outcomes, without_copies
from tests.faults.mails import WORLDS, world
from tests.faults.places import FOLDER, IMAP, MAILDIR, OLD_IMAP, Box, ImapBox, Mails, make_box, shape, together
from tests.faults.stage import Stage
from tests.faults.workers import FORKS, Worker
from tests.reports.mailboxes import change_settings
from tests.reports.stored import NOW, make_organisation

UNTOUCHED = ("leave", "leave")
ACTIONS = (("move", "flag"), ("flag", "leave"), ("flag", "move"), ("move", "move"), UNTOUCHED)
MOST_VISITS = 12
GONE_SECONDS = 10
LEAST_BATCHES = 3

PLACES = (IMAP, IMAP, MAILDIR, IMAP, OLD_IMAP, MAILDIR)
"""Where the mail of each world lies, so that there are no more runs without faults than worlds and actions."""
BUCKET_WORLDS = (0, 2)
"""Whose mail is kept in a bucket too, with the first two actions: each of them takes a run without faults of its own."""


class NotIdentical(Exception):
    """The end differs from that of a run without faults, or was not reached."""


class CannotRun(Exception):
    """This machine does not allow what the injection takes."""


@dataclass(frozen=True)
class Baseline:
    """A run without faults: what it left, the checkpoints it passed, its acts (crew.count_acts), how long it took, and how many
    bytes the server and the worker sent, where the mail lies on a server.
    """

    organisation: Organisation
    mails: Mails
    steps: tuple[str, ...]
    acts: str
    seconds: float
    passed: tuple[int, int]


@dataclass
class Scene:
    """A mailbox with the mail of one world. `rng` decides everything that is not decided by the kind of injection."""

    stage: Stage
    rng: Random
    name: str
    places: Collection[str] = PLACES
    number: int = field(init=False)
    actions: tuple[str, str] = field(init=False)
    boxes: list[tuple[Mailbox, Box]] = field(init=False)
    copies: Sequence[bytes] = ()
    """Mails that were delivered once more than in the run without faults."""
    uploads: Sequence[bytes] = ()
    """Mails that somebody has uploaded besides, and that lie in no folder therefore."""
    elsewhere: bytes = b""
    """A mail that may lie anywhere in the end, with any flag."""
    without: frozenset[str] = frozenset()
    """Columns that depend on which of several mails with one report was read first."""
    has_left_unread: bool = False
    """Whether killed workers have left mails behind that later ones were read before."""
    has_bucket: bool = False
    """Whether the bytes of its mails go into the bucket."""

    def __post_init__(self) -> None:
        numbers = [number for number in range(WORLDS) if PLACES[number] in self.places]
        self.number = self.rng.choice(BUCKET_WORLDS if self.has_bucket else numbers)
        self.actions = self.rng.choice(ACTIONS[:2] if self.has_bucket else ACTIONS)
        self.boxes = [_filled(self.stage, self.name, world(self.number), self.actions, place=PLACES[self.number])]

    @property
    def mailbox(self) -> Mailbox:
        """The first one, which is the only one unless the mail was dealt."""
        return self.boxes[0][0]

    @property
    def box(self) -> Box:
        """Where the first one's mail lies."""
        return self.boxes[0][1]

    def deal(self, count: int) -> None:
        """Deal the mail to so many mailboxes of the organisation: which mail is read first is then anybody's guess."""
        mails = world(self.number)
        self.box.clear()
        self.box.put(mails[::count])
        for number in range(1, count):
            name = f"{self.name.lower()}-{number}"
            box = make_box(self.stage, name, place=PLACES[self.number])
            box.put(mails[number::count])
            self.boxes.append((_mailbox(self.organisation, name, box, self.actions), box))
        self.without = ORDER_DECIDES

    @property
    def baseline(self) -> Baseline:
        """The run without faults over the same mail with the same actions."""
        return baseline(self.stage, self.number, self.actions, has_bucket=self.has_bucket)

    @property
    def organisation(self) -> Organisation:
        """Whose mail it is."""
        return self.mailbox.organisation

    def visit(self, script: Script | None = None, *, number: int = 0) -> Worker:
        """Start a worker on one of the mailboxes."""
        return Worker(crew.visit, self.boxes[number][0].pk, replace(script or Script(), store=self.store))

    @property
    def store(self) -> str:
        """Where the bytes of its mails go."""
        return self.stage.store.setting(DATABASE) if self.has_bucket else ""

    def settle(self) -> None:
        """Visit until nothing is left to do. Raises NotIdentical where that never comes."""
        connection.close()
        self.has_left_unread = Message.objects.filter(organisation=self.organisation, outcome=None).exists()
        for hour in range(MOST_VISITS):
            for mailbox, _ in self.boxes:
                _visit_once(mailbox, hour=hour, store=self.store)
            if self.is_quiet():
                return
        connection.close()
        states = list(self.organisation.mailbox_set.values_list("error_code", "error_detail"))
        raise NotIdentical(f"not quiet after {MOST_VISITS} visits: {states}")

    def is_quiet(self) -> bool:
        """Whether the last visits went well and every mail is read and acknowledged."""
        connection.close()
        mailboxes = Mailbox.objects.filter(organisation=self.organisation)
        are_well = not mailboxes.exclude(error_code="", last_success_at__isnull=False).exists()
        waiting = Message.objects.filter(mailbox__in=mailboxes, acknowledged_at__isnull=True)
        unread = Message.objects.filter(organisation=self.organisation, outcome=None)
        return are_well and not waiting.exists() and not unread.exists()

    def compare(self) -> None:
        """Raise NotIdentical unless tables and mails are those of the run without faults.

        What a killed worker left unread is read after what came later: of two mails with one report the other one may bring it.
        """
        connection.close()
        lines = self._other_tables(self.without)
        if lines and self.has_left_unread:
            lines = self._other_tables(ORDER_DECIDES)
        mails, lying = self._mails_expected(), together([box.left() for _, box in self.boxes])
        left = {folder: self.box.counted(folder, each) for folder, each in lying.items()}
        if self.elsewhere:
            mails, left = (self._without_elsewhere(each) for each in (mails, left))
        if self.has_bucket:
            lines += _faults_of_bucket(self.stage, self.organisation)
        if left != mails:
            lines.append(f"mails  {shape(mails)} became {shape(left)}")
        if lines:
            raise NotIdentical("\n".join(lines))

    def _other_tables(self, order: frozenset[str]) -> list[str]:
        """How the tables differ, but for the columns that the `order` of reading decides."""
        without = order | ({"sightings"} if self.copies else set())
        expected, found = dump(self.baseline.organisation, without=without), dump(self.organisation, without=without)
        if order:
            expected["outcomes"], found["outcomes"] = outcomes(self.baseline.organisation), outcomes(self.organisation)
        copies = [*self.copies, *self.uploads]
        reports = sum(len(read(copy).reports) for copy in copies)
        return differences(expected, without_copies(found, expected, count=len(copies), reports=reports))

    def _without_elsewhere(self, mails: Mails) -> Mails:
        """The folders that have any mail besides; raises NotIdentical where the mail is not there once."""
        if sum(mail[0] == self.elsewhere for found in mails.values() for mail in found) != 1:
            raise NotIdentical("the mail that was parked is lost")
        others = {folder: [mail for mail in found if mail[0] != self.elsewhere] for folder, found in mails.items()}
        return {folder: found for folder, found in others.items() if found}

    def _mails_expected(self) -> Mails:
        """What lies in the folders without faults; a copy lies where its original lies."""
        mails = self.baseline.mails
        expected: Mails = {}
        for folder, found in mails.items():
            copies = [mail for copy in self.copies for mail in set(found) if mail[0] == self.box.as_left(copy)]
            expected[folder] = self.box.counted(folder, [*found, *copies])
        return expected

    @contextmanager
    def wire(self, cuts: Sequence[int], *, side: int, resets: bool) -> Iterator[None]:
        """Lead the mailbox through a wire that is cut after so many bytes of the server (`side` 0) or the worker (1)."""
        with _wired(self.mailbox, self.box, cuts, side=side, resets=resets):
            yield


def _mailbox(organisation: Organisation, name: str, box: Box, actions: tuple[str, str]) -> Mailbox:
    return Mailbox.objects.create(
        organisation=organisation,
        name=name,
        **box.columns,
        handled_action=actions[0],
        handled_folder="Handled",
        refused_action=actions[1],
        refused_folder="Refused",
    )


def _filled(
    stage: Stage, name: str, mails: Sequence[bytes], actions: tuple[str, str], *, place: str
) -> tuple[Mailbox, Box]:
    connection.close()
    user = name.lower()
    box = make_box(stage, user, place=place)
    box.put(mails)
    return _mailbox(make_organisation(user), user, box, actions), box


def _faults_of_bucket(stage: Stage, organisation: Organisation) -> list[str]:
    outside = organisation.rawmessage_set.filter(object_key=None).count()
    return stage.store.faults(DATABASE, organisation=organisation) + (
        [f"bytes  {outside} not there"] if outside else []
    )


@cache
def baseline(stage: Stage, number: int, actions: tuple[str, str], *, has_bucket: bool) -> Baseline:
    """The run without faults over the mail of a world; made once. One with a bucket leaves what one without leaves."""
    name = f"undisturbed-{number}-{'-'.join(actions)}{'-bucket' if has_bucket else ''}"
    store = stage.store.setting(DATABASE) if has_bucket else ""
    mailbox, box = _filled(stage, name, world(number), actions, place=PLACES[number])
    with _wired(mailbox, box, []) as passed:
        began = time.monotonic()
        worker = Worker(crew.visit, mailbox.pk, Script(store=store))
        steps, acts = worker.says() or ((), "")
        worker.ends()
        mailbox.refresh_from_db()
        if mailbox.error_code or not steps:
            raise NotIdentical(f"the run without faults fails: {mailbox.error_code} {mailbox.error_detail}")
        if steps.count("fetched") < LEAST_BATCHES:
            raise NotIdentical(
                f"the run without faults has {steps.count('fetched')} batches: nothing falls between them"
            )
        seconds, count = time.monotonic() - began, passed()
    left = box.left()
    if actions == UNTOUCHED and any(flags for _, flags in left[FOLDER]):
        raise NotIdentical("the run without faults marks mails that are to be left as they are")
    if has_bucket:
        without = baseline(stage, number, actions, has_bucket=False)
        lines = differences(dump(without.organisation), dump(mailbox.organisation))
        lines += _faults_of_bucket(stage, mailbox.organisation) + ["mails"] * (left != without.mails)
        if lines:
            raise NotIdentical("the run without faults:\n" + "\n".join(lines))
    return Baseline(mailbox.organisation, left, tuple(steps), acts, seconds, count)


@contextmanager
def _wired(
    mailbox: Mailbox, box: Box, cuts: Sequence[int], *, side: int = 0, resets: bool = False
) -> Iterator[Callable[[], tuple[int, int]]]:
    if not isinstance(box, ImapBox):
        yield lambda: (0, 0)
        return
    listener = socket.create_server(("127.0.0.1", 0))
    passed = FORKS.Value("q", 0), FORKS.Value("q", 0)
    wire = Worker(proxy.serve, listener, box.dovecot.imaps_port, list(cuts), passed, side, resets, has_line=False)
    change_settings(mailbox, port=listener.getsockname()[1])
    try:
        yield lambda: (passed[0].value, passed[1].value)
    finally:
        wire.kill()
        listener.close()
        connection.close()
        change_settings(mailbox, port=box.dovecot.imaps_port)


def _visit_once(mailbox: Mailbox, *, hour: int, store: str) -> None:
    """One visit without faults; waits for a lock that a killed worker's session still holds."""
    deadline = time.monotonic() + GONE_SECONDS
    while True:
        worker = Worker(crew.visit, mailbox.pk, Script(at=NOW + timedelta(hours=hour), store=store))
        worker.says()
        status = worker.ends()
        if status != crew.NOT_VISITED or time.monotonic() > deadline:
            break
    if status:
        raise NotIdentical(f"a visit without a fault ends with status {status}")
