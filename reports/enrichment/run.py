"""One round of looking addresses up: bounded in time and in questions asked at once; only this thread writes."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from reports.enrichment import queue
from reports.enrichment.databases import network_of
from reports.enrichment.resolver import LookupFailed, NameFacts, Resolver

BATCH = 100
AT_ONCE = 16
LONGEST_ROUND = timedelta(seconds=45)
Clock = Callable[[], datetime]


def look_up_due(*, resolver: Resolver | None, files: Sequence[Path], clock: Clock) -> int:
    """Look up what is due, most failing mail first, until nothing is or the time is up; the value counts addresses.

    Without a resolver no name is asked for: networks and countries come from files alone.
    """
    start = clock()
    queue.note_addresses(at=start)
    done = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while clock() - start < LONGEST_ROUND and (batch := queue.claim(at=clock(), limit=BATCH)):
            for address, name in zip(batch, pool.map(lambda each: _name(each, resolver), batch), strict=True):
                _keep(address, name, files=files, at=clock())
            done += len(batch)
    return done


def _name(address: str, resolver: Resolver | None) -> NameFacts | None:
    """None where DNS failed. No database in here: this runs in other threads."""
    if resolver is None:
        return NameFacts()
    try:
        return resolver.name_of(ipaddress.ip_address(address))
    except LookupFailed:
        return None


def _keep(address: str, name: NameFacts | None, *, files: Sequence[Path], at: datetime) -> None:
    network = network_of(ipaddress.ip_address(address), files=files)
    if name is None:
        queue.note_failed(address, network=network, at=at)
    else:
        queue.note_found(address, name=name, network=network, at=at)
