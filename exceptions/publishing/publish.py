"""Turns what is decided into the next numbered snapshot, when there is a reason to. The only writer of snapshots.

Level-triggered: whoever calls it, and however often, the newest snapshot says what the database says.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import cast

from django.db import transaction

from exceptions.engine import wire
from exceptions.engine.policy import parse_policy
from exceptions.errors import PolicyError, PublishError
from exceptions.models import Snapshot
from exceptions.models.locks import Locked, lock
from exceptions.publishing.authentic import is_authentic, mac
from exceptions.publishing.content import Content, read_content
from reports.audit import log
from reports.audit.actions import register
from reports.selectors.organisations import OrganisationName, organisation_name

PUBLISHED = register("exceptions.policy.published")
NUMBERING_RAISED = register("exceptions.policy.numbering_raised")

VALIDITY = timedelta(hours=72)
RENEW_AFTER = timedelta(hours=24)
"""A node that fetches regularly always has two days left in which the server may be away."""
MAX_LEAP = 1_000_000
"""How far a node may be ahead: more policies than any backup is old. Numbers end at 2^53."""
RAISE_EVERY = timedelta(minutes=1)
"""A node that is really ahead asks again; one that lies fills the tables no faster than this."""


def latest_snapshot(*, organisation_id: int) -> Snapshot | None:
    return Snapshot.objects.filter(organisation_id=organisation_id).order_by("-number").first()


def latest_number(*, organisation_id: int) -> int:
    """The newest number, 0 before the first; one cheap query, for those who wait."""
    numbers = Snapshot.objects.filter(organisation_id=organisation_id).order_by("-number")
    return numbers.values_list("number", flat=True).first() or 0


@transaction.atomic
def publish(*, organisation_id: int, at: datetime, above: int = 0) -> Snapshot:
    """The newest snapshot, made anew if something was decided, if the last one is a day old, or if its number is not
    higher than `above`.

    Raises PublishError: demo_organisation, or unreadable where the nodes would refuse it; the last good one stays.
    """
    organisation = organisation_name(organisation_id)
    if organisation.is_demo:
        raise PublishError("demo_organisation")
    lock(Locked.PUBLICATION, organisation_id=organisation_id)
    latest = latest_snapshot(organisation_id=organisation_id)
    content = read_content(organisation_id=organisation_id, at=at, until=at + VALIDITY)
    if latest and latest.number > above and _still_says(latest, content) and at < latest.generated_at + RENEW_AFTER:
        return latest
    number = max(latest.number if latest else 0, above) + 1
    document = _render(content, organisation, number=number, at=at)
    snapshot = Snapshot.objects.create(
        organisation_id=organisation_id,
        number=number,
        document=document,
        mac=mac(document, organisation_id=organisation_id, number=number),
        rules=len(content["rules"]),
        generated_at=at,
        valid_until=at + VALIDITY,
    )
    log.record(
        PUBLISHED,
        at=at,
        organisation=snapshot.organisation,
        subject=snapshot,
        label=str(number),
        data={"number": number, "rules": [rule["id"] for rule in content["rules"]]},
    )
    return snapshot


@transaction.atomic
def number_above(live_number: int, *, organisation_id: int, at: datetime, node: str) -> Snapshot:
    """Continue above what a node enforces already, because this database was restored from a backup; says so in the log.

    The newest snapshot stays for RAISE_EVERY. Raises PublishError("number_implausible") beyond MAX_LEAP: a node may not
    use the numbers up.
    """
    lock(Locked.PUBLICATION, organisation_id=organisation_id)
    latest = latest_snapshot(organisation_id=organisation_id)
    held = latest.number if latest else 0
    if latest and held > live_number:
        return latest
    if live_number > held + MAX_LEAP:
        raise PublishError("number_implausible", number=live_number, held=held)
    if latest and at < latest.generated_at + RAISE_EVERY:
        return latest
    snapshot = publish(organisation_id=organisation_id, at=at, above=live_number)
    log.record(
        NUMBERING_RAISED,
        at=at,
        organisation=snapshot.organisation,
        subject=snapshot,
        label=str(snapshot.number),
        data={"node": node, "live_number": live_number, "held": held},
    )
    return snapshot


def _still_says(snapshot: Snapshot, content: Content) -> bool:
    """Whether it is ours and nothing was decided anew since. The row's own text is compared, not a note beside it."""
    if not is_authentic(snapshot):
        return False
    document = json.loads(bytes(snapshot.document))
    return {name: document[name] for name in content} == content


def _render(content: Content, organisation: OrganisationName, *, number: int, at: datetime) -> bytes:
    """The canonical document without its addressee, after the nodes' own reader has taken it."""
    generated_at = int(at.timestamp())
    document = {
        "format": wire.FORMAT,
        "organisation": organisation.slug,
        "number": number,
        "generated_at": generated_at,
        "valid_until": generated_at + int(VALIDITY.total_seconds()),
        **content,
    }
    try:
        parse_policy(addressed(json.dumps(document).encode(), node="trial"))
    except PolicyError as error:
        raise PublishError("unreadable", reason=error.code, **error.params) from error
    return json.dumps(document, sort_keys=True).encode()


def addressed(document: bytes, *, node: str) -> bytes:
    """The exact bytes for one node: these are signed and served."""
    return wire.render(cast("wire.PolicyDocument", {**json.loads(document), "node": node}))
