"""Network, its owner and country of an address, from MMDB files: IPinfo's and MaxMind's shapes alike. Asks no network."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import maxminddb

from reports.dto import Address
from reports.enrichment.hostnames import to_hostname
from reports.enrichment.resources import IP_DATABASE, bundled

NAME_LENGTH = 200
ASN_MAX = 2**32 - 1
COUNTRY_LENGTH = 2
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """`country` is an ISO 3166 code, `as_domain` the owner's domain; empty where no file says so."""

    asn: int | None = None
    as_name: str = ""
    as_domain: str = ""
    country: str = ""


def network_of(address: Address, *, files: Sequence[Path]) -> NetworkFacts:
    """What the files say, earlier ones first; without any, the file that parsedmarc ships. A missing file is logged."""
    facts = NetworkFacts()
    for path in files or (bundled(IP_DATABASE),):
        found = _facts(_record(path, address))
        empty = [each.name for each in fields(NetworkFacts) if not getattr(facts, each.name)]
        facts = replace(facts, **{name: getattr(found, name) for name in empty})
    return facts


def _record(path: Path, address: Address) -> Mapping[str, Any]:
    try:
        reader = _open(path, path.stat().st_mtime_ns)
        if address.version > reader.metadata().ip_version and address.version != 4:  # noqa: PLR2004
            return {}
        record = reader.get(address)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        log.error("the IP database %s cannot be used: %s", path, error)
        return {}
    return record if isinstance(record, dict) else {}


@lru_cache(maxsize=4)
def _open(path: Path, changed: int) -> maxminddb.Reader:
    """Opened once for each state of the file: a new one is taken up without a restart."""
    return maxminddb.open_database(str(path))


def _facts(record: Mapping[str, Any]) -> NetworkFacts:
    return NetworkFacts(
        asn=next(_asns(record), None),
        as_name=_text(record.get("as_name") or record.get("autonomous_system_organization") or record.get("name")),
        as_domain=to_hostname(_text(record.get("as_domain") or record.get("domain"))) or "",
        country=next(_countries(record), ""),
    )


def _asns(record: Mapping[str, Any]) -> Iterator[int]:
    """IPinfo writes "AS64496", MaxMind 64496."""
    for sent in (record.get("asn"), record.get("autonomous_system_number")):
        digits = str(sent or "").upper().removeprefix("AS")
        if digits.isascii() and digits.isdigit() and 0 < int(digits) <= ASN_MAX:
            yield int(digits)


def _countries(record: Mapping[str, Any]) -> Iterator[str]:
    """IPinfo has a code beside or instead of the name, MaxMind an object; where it sits before where it is registered."""
    nested = [record.get(name) for name in ("country", "registered_country")]
    codes = [record.get("country_code"), *(each.get("iso_code") if isinstance(each, dict) else each for each in nested)]
    for code in codes:
        if isinstance(code, str) and len(code) == COUNTRY_LENGTH and code.isascii() and code.isalpha():
            yield code.upper()


def _text(sent: object) -> str:
    """Printable and bounded, since these files too are written by others."""
    return "".join(letter for letter in sent if letter.isprintable())[:NAME_LENGTH] if isinstance(sent, str) else ""
