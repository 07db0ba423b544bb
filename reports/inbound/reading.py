"""Reads what a node sends, trusting none of it: every field is bounded, and an unreadable entry is left out and counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any, TypeVar

from reports.dto import Address, DkimResult, SpfResult
from reports.errors import InboundRefused
from reports.sources.classify import Evidence, classify

T = TypeVar("T")

MAX_ENTRIES = 1000
MAX_RECIPIENTS = 1000
MAX_SIGNATURES = 20
MAX_IDENTIFIER = 100
MAX_COUNT = 1_000_000_000
OLDEST = timedelta(days=30)
NEWEST = timedelta(days=1)
"""An entry further from the server's clock would land on a day that no page shows; a node's clock may be off by a day."""

_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")
_WORD = re.compile(r"[a-z]{1,10}")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One failing message as its node judged it; see docs/policy-format.md section 6 for the fields."""

    event_id: str
    at: datetime
    source: Address
    header_from: str
    envelope_domain: str
    recipients: tuple[str, ...]
    helo: str
    ptr: str
    queue_id: str
    spf: str
    dkim: tuple[DkimResult, ...]
    published: str
    mode: str
    verdict: str
    would_be: str
    rule_reference: str
    policy_number: int | None
    action: str
    classification: str


@dataclass(frozen=True, slots=True)
class Passes:
    """How many messages of one source and From domain passed in the hour that begins at `hour`."""

    batch: str
    hour: datetime
    source: Address
    header_from: str
    messages: int


@dataclass(frozen=True, slots=True)
class Batch:
    events: tuple[Event, ...]
    passes: tuple[Passes, ...]
    refused: int


class _Unusable(Exception):
    """This entry cannot be stored."""


def read_batch(value: object, *, at: datetime) -> Batch:
    """Read the body of POST events. Raises InboundRefused: not_an_object, not_a_list or too_many_entries."""
    if not isinstance(value, dict):
        raise InboundRefused("not_an_object")
    events = _entries(value.get("events", []))
    passes = _entries(value.get("passes", []))
    if len(events) + len(passes) > MAX_ENTRIES:
        raise InboundRefused("too_many_entries")
    read_events = _usable(events, lambda entry: _event(entry, at))
    read_passes = _usable(passes, lambda entry: _passes(entry, at))
    refused = len(events) + len(passes) - len(read_events) - len(read_passes)
    return Batch(tuple(read_events), tuple(read_passes), refused)


def text(value: object, limit: int) -> str:
    """A text without control characters and lone surrogates, cut to `limit`; "" for anything else."""
    return _UNFIT.sub(" ", value)[:limit].strip() if isinstance(value, str) else ""


def lowered(value: object, limit: int) -> str:
    """As `text`, in lower case; cut again, because some letters are two in lower case."""
    return text(value, limit).lower()[:limit]


def _entries(value: object) -> list[object]:
    if not isinstance(value, list):
        raise InboundRefused("not_a_list")
    return value


def _usable(entries: Iterable[object], read: Callable[[Mapping[str, Any]], T]) -> list[T]:
    """What can be read of the entries: one that cannot must not keep the others from being stored, now and for ever."""
    found = []
    for entry in entries:
        if isinstance(entry, dict):
            try:
                found.append(read(entry))
            except _Unusable:
                continue
    return found


def _event(entry: Mapping[str, Any], at: datetime) -> Event:
    header_from, envelope = _domain(entry.get("header_from")), _domain(entry.get("envelope_from"))
    spf, dkim = lowered(entry.get("spf"), 20), _signatures(entry.get("dkim"))
    evidence = Evidence(
        domain=_domain(entry.get("policy_domain")) or header_from,
        header_from=header_from,
        dkim="fail",
        spf="fail",
        envelope_from=envelope,
        dkim_results=dkim,
        spf_results=(SpfResult(envelope, "mfrom", spf),) if spf else (),
    )
    return Event(
        event_id=_identifier(entry.get("id")),
        at=_moment(entry.get("at"), at),
        source=_address(entry.get("source_ip")),
        header_from=header_from,
        envelope_domain=envelope,
        recipients=_recipients(entry.get("recipients")),
        helo=text(entry.get("helo"), 320),
        ptr=text(entry.get("ptr"), 320),
        queue_id=text(entry.get("queue_id"), 80),
        spf=spf,
        dkim=dkim,
        published=_word(entry.get("published")),
        mode=_word(entry.get("mode")),
        verdict=_word(entry.get("verdict"), is_needed=True),
        would_be=_word(entry.get("would_be")),
        rule_reference=_reference(entry.get("rule_id")),
        policy_number=_number(entry.get("number")),
        action=lowered(entry.get("action"), 40),
        classification=classify(evidence).verdict,
    )


def _passes(entry: Mapping[str, Any], at: datetime) -> Passes:
    count = entry.get("count")
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAX_COUNT:
        raise _Unusable
    return Passes(
        batch=_identifier(entry.get("batch")),
        hour=_moment(entry.get("at"), at).replace(minute=0, second=0),
        source=_address(entry.get("source_ip")),
        header_from=_domain(entry.get("header_from")),
        messages=count,
    )


def _identifier(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_IDENTIFIER or not value.isprintable():
        raise _Unusable
    return value


def _moment(value: object, at: datetime) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unusable
    # A comparison takes any number, infinite or too large for a difference.
    if not (at - OLDEST).timestamp() <= value <= (at + NEWEST).timestamp():
        raise _Unusable
    return datetime.fromtimestamp(int(value), UTC)


def _address(value: object) -> Address:
    try:
        address = ip_address(value if isinstance(value, str) else "")
    except ValueError:
        raise _Unusable from None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            raise _Unusable
        return address.ipv4_mapped or address
    return address


def _domain(value: object) -> str:
    return lowered(value, 320).removesuffix(".")


def _word(value: object, *, is_needed: bool = False) -> str:
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    if is_needed:
        raise _Unusable
    return ""


def _reference(value: object) -> str:
    return value if isinstance(value, str) and _REFERENCE.fullmatch(value) else ""


def _number(value: object) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53
    return value if isinstance(value, int) and is_number else None


def _recipients(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else []
    return tuple(text(item, 320) for item in items[:MAX_RECIPIENTS] if isinstance(item, str))


def _signatures(value: object) -> tuple[DkimResult, ...]:
    items = [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
    return tuple(
        DkimResult(_domain(item.get("domain")), "", lowered(item.get("result"), 20)) for item in items[:MAX_SIGNATURES]
    )
