"""Owns the injections about who takes what how often: mails that kill their readers, and mailboxes that are due for several beats."""

from __future__ import annotations

import hashlib
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import connection

from dmarcsite.services.places import DATABASE
from reports import jobs
from reports.ingest.ledger import LAST_TRY_LATER, TRIES
from reports.models import Mailbox, Message
from reports.reread.selection import Selection
from reports.vocabulary import JobKind, Outcome, Reason
from tests.faults import crew
from tests.faults.crew import Script
from tests.faults.mails import brought_once
from tests.faults.scene import NotIdentical, Scene
from tests.faults.visits import ended
from tests.faults.workers import Worker
from tests.reports.stored import NOW

KILLED = -signal.SIGKILL
LONG_AGO = NOW - timedelta(days=9000)
"""No other mailbox is due by then."""


def reader_killed(scene: Scene) -> str:
    """A mail kills whoever reads it: once or twice, and then it is read; or always, and it is parked after TRIES. What is read
    again later, by a reader that can, is as if it had been so from the start.
    """
    mail = scene.box.as_left(scene.rng.choice(brought_once(scene.number)))
    deaths, killed = scene.rng.choice((1, 2, TRIES, TRIES)), 0
    script = Script(poison=hashlib.sha256(mail).digest())
    while killed < deaths and ended(scene.visit(replace(script, at=_turn(killed))), KILLED, 0) == KILLED:
        killed += 1
    if killed < deaths:
        raise NotIdentical(f"given up after {killed} tries")
    if deaths == TRIES:
        ended(scene.visit(replace(script, at=_turn(killed))), 0)
        _read_again(scene, mail)
    return f"{killed} times" + (", parked" if deaths == TRIES else "")


def _turn(number: int) -> datetime:
    """When a visit comes that may make the next try."""
    return NOW + number * 2 * LAST_TRY_LATER


def _read_again(scene: Scene, mail: bytes) -> None:
    connection.close()
    parked = Message.objects.get(organisation=scene.organisation, raw__sha256=hashlib.sha256(mail).digest())
    state = (parked.outcome, parked.reason, parked.tries)
    if state != (Outcome.REFUSED, Reason.READER_FAILED, TRIES):
        raise NotIdentical(f"parked as {state}")
    scene.settle()
    chosen = Selection(message_id=parked.pk)
    jobs.start(JobKind.REREAD, organisation=scene.organisation, parameters=chosen.to_json(), total=1, at=NOW)
    connection.close()
    reader = Worker(crew.reread, DATABASE, "parked", Script())
    reader.says()
    ended(reader, 0)
    scene.elsewhere = mail


def due_raced(scene: Scene) -> str:
    """Several beats look for mailboxes that are due, and rest somewhere: each mailbox is given to one of them."""
    scene.deal(4)
    pks = [mailbox.pk for mailbox, _ in scene.boxes]
    Mailbox.objects.filter(pk__in=pks).update(due_at=LONG_AGO)
    connection.close()
    rests = [scene.rng.randrange(6) for _ in range(scene.rng.choice((2, 3)))]
    beats = [Worker(crew.claim_due, Script(rests_before=rest, at=LONG_AGO)) for rest in rests]
    claims = Counter(pk for beat in beats for pk in beat.says() or ())
    for beat in beats:
        ended(beat, 0)
    if claims != Counter(pks):
        raise NotIdentical(f"due {pks}, given {sorted(claims.elements())}")
    late = Mailbox.objects.filter(pk__in=pks).exclude(due_at__lte=LONG_AGO + timedelta(hours=1))
    if late.exists():  # where what was begun for them is lost, they must be found due again
        raise NotIdentical(f"due again at {late.values_list('due_at', flat=True)}")
    return f"{len(rests)} beats that rest before {rests}"


CLAIM_KINDS: dict[str, Callable[[Scene], str]] = {each.__name__: each for each in (reader_killed, due_raced)}
