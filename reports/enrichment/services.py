"""Which sending service a domain belongs to: parsedmarc's map, and its additions to the public suffix list. Offline."""

from __future__ import annotations

import csv
from functools import lru_cache
from typing import NamedTuple

from publicsuffixlist import PublicSuffixList

from reports.enrichment.resources import SERVICES, SUFFIXES, bundled

NAME_LENGTH = 200
TYPE_LENGTH = 40


class Service(NamedTuple):
    """A service as people call it, and what it is ("Marketing", "ISP"): the map's words."""

    name: str
    type: str


def service_of(base_domain: str) -> Service | None:
    """The service that the map names for a domain; None where it knows none."""
    return _services().get(base_domain)


def base_domain_of(hostname: str) -> str:
    """The domain that somebody registered; "" for a public suffix itself.

    parsedmarc's additions are for providers whose customers are spelt into one label ("192-0-2-1-isp.example").
    """
    for ending in _suffixes():
        if hostname.endswith(ending):
            return ending.strip(".-")
    return _list().privatesuffix(hostname) or ""


@lru_cache(maxsize=1)
def _services() -> dict[str, Service]:
    with bundled(SERVICES).open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {
            row["base_reverse_dns"].strip().lower(): Service(
                row["name"].strip()[:NAME_LENGTH], row["type"].strip()[:TYPE_LENGTH]
            )
            for row in rows
        }


@lru_cache(maxsize=1)
def _suffixes() -> tuple[str, ...]:
    """Only those that begin at a boundary: without one, "example.com" would speak for "badexample.com" too."""
    lines = [line.strip().lower() for line in bundled(SUFFIXES).read_text(encoding="utf-8").splitlines()]
    return tuple(line for line in lines if line.startswith((".", "-")) and line.strip(".-"))


@lru_cache(maxsize=1)
def _list() -> PublicSuffixList:
    return PublicSuffixList()
