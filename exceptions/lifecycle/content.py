"""What a rule may say: its fields, their limits, and the one check that form, service and import share. Pure.

The limits of evidence are the engine's own, so that nothing can be approved that a filter would refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Network, ip_network
from unicodedata import east_asian_width

import idna

from exceptions.engine.addresses import read_network
from exceptions.engine.fields import ADDRESS, DOMAIN
from exceptions.engine.names import MAX_DOMAIN, domain_key, lower
from exceptions.engine.wire import WIDEST, RuleDocument
from exceptions.errors import ExpiryInvalid, RuleError, RuleInvalid, RuleTooBroad
from exceptions.vocabulary import MAX_RULE_DAYS, ReasonCode, RuleAction

DEFAULT_LIFETIME = timedelta(days=30)
MAX_LIFETIME = timedelta(days=MAX_RULE_DAYS)
LATEST_START = timedelta(days=MAX_RULE_DAYS)
"""An approval of today is about what is known today."""
MIN_REASON_CHARACTERS = 40
MAX_REASON_CHARACTERS = 4000
MAX_NETWORKS = 32
MAX_RECIPIENTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleContent:
    """One version of a rule as people write it. None and empty tuples mean "no such condition"; times are aware."""

    header_from: str
    networks: tuple[str, ...] = ()
    dkim_domain: str | None = None
    envelope_domain: str | None = None
    recipients: tuple[str, ...] = ()
    action: RuleAction = RuleAction.DELIVER
    reason_code: ReasonCode
    reason_text: str
    owner_id: int
    starts_at: datetime
    expires_at: datetime


def checked(content: RuleContent, *, at: datetime) -> RuleContent:
    """The content in canonical form: A-labels in lower case, networks with prefix, lists sorted, whole seconds.

    Raises the first of `problems`.
    """
    for problem in problems(content, at=at):
        raise problem
    return _canonical(content)


def problems(content: RuleContent, *, at: datetime) -> Iterator[RuleError]:
    """Everything that keeps the content from being proposed at `at`. Each error's `params["field"]` names its field.

    RuleTooBroad: no_from_domain, no_source_evidence, network_too_wide, too_many_networks. RuleInvalid: bad_domain,
    bad_network, network_has_host_bits, bad_recipient, too_many_recipients, reason_too_short, reason_too_long.
    ExpiryInvalid: expiry_past, expiry_before_start, expiry_too_far, start_too_far.
    """
    yield from _from_problems(content)
    yield from _evidence_problems(content)
    yield from _recipient_problems(content)
    yield from _reason_problems(content)
    yield from _time_problems(content, at)


def to_document(content: RuleContent) -> RuleDocument:
    """The content as the policy would carry it, under a placeholder for its id: what the replay takes."""
    return RuleDocument(
        id="EX-0",
        header_from=content.header_from,
        networks=list(content.networks),
        dkim_domain=content.dkim_domain,
        envelope_domain=content.envelope_domain,
        recipients=list(content.recipients),
        action=content.action,
        not_before=int(content.starts_at.timestamp()),
        expires_at=int(content.expires_at.timestamp()),
    )


def to_domain(text: str) -> str | None:
    """The domain as lower-case A-labels without a trailing dot, or None where it is not a domain with a dot in it."""
    name = domain_key(text.strip())
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except idna.IDNAError:
            return None
    return name if "." in name and len(name) <= MAX_DOMAIN and re.fullmatch(DOMAIN, name) else None


def to_network(text: str) -> str:
    """The network in canonical form; an address alone is the network of it.

    Raises RuleInvalid for what is no network, RuleTooBroad for one wider than /24 (IPv4) or /48 (IPv6).
    """
    given = text.strip()
    try:
        network = ip_network(given)
    except ValueError:
        raise _no_network(given) from None
    if isinstance(network, IPv6Network) and network.num_addresses == 1 and network.network_address.ipv4_mapped:
        network = ip_network(network.network_address.ipv4_mapped)
    widest = WIDEST[network.max_prefixlen]
    if network.prefixlen < widest:
        raise RuleTooBroad("network_too_wide", field="networks", value=given, widest=widest)
    if read_network(str(network)) is None:
        raise RuleInvalid("bad_network", field="networks", value=given)
    return str(network)


def to_recipient(text: str) -> str | None:
    """An address or a domain in the form that filters compare, or None."""
    given = lower(text.strip())
    local, at_sign, host = given.rpartition("@")
    domain = to_domain(host)
    if domain is None:
        return None
    recipient = f"{local}@{domain}" if at_sign else domain
    return recipient if not at_sign or re.fullmatch(ADDRESS, recipient) else None


def _no_network(given: str) -> RuleInvalid:
    try:
        meant = ip_network(given, strict=False)
    except ValueError:
        return RuleInvalid("bad_network", field="networks", value=given[:80])
    return RuleInvalid("network_has_host_bits", field="networks", value=given, meant=str(meant))


def _from_problems(content: RuleContent) -> Iterator[RuleError]:
    if not content.header_from.strip():
        yield RuleTooBroad("no_from_domain", field="header_from")
    elif to_domain(content.header_from) is None:
        yield RuleInvalid("bad_domain", field="header_from", value=content.header_from[:80])


def _evidence_problems(content: RuleContent) -> Iterator[RuleError]:
    if not content.networks and content.dkim_domain is None and content.envelope_domain is None:
        yield RuleTooBroad("no_source_evidence", field="networks")
    if len(content.networks) > MAX_NETWORKS:
        yield RuleTooBroad("too_many_networks", field="networks", most=MAX_NETWORKS)
    for network in content.networks[:MAX_NETWORKS]:
        try:
            to_network(network)
        except RuleError as error:
            yield error
    for field in ("dkim_domain", "envelope_domain"):
        domain = getattr(content, field)
        if domain is not None and to_domain(domain) is None:
            yield RuleInvalid("bad_domain", field=field, value=domain[:80])


def _recipient_problems(content: RuleContent) -> Iterator[RuleError]:
    if len(content.recipients) > MAX_RECIPIENTS:
        yield RuleInvalid("too_many_recipients", field="recipients", most=MAX_RECIPIENTS)
    for recipient in content.recipients[:MAX_RECIPIENTS]:
        if to_recipient(recipient) is None:
            yield RuleInvalid("bad_recipient", field="recipients", value=recipient[:80])


def _reason_problems(content: RuleContent) -> Iterator[RuleError]:
    length = _written_length(content.reason_text.strip())
    if length < MIN_REASON_CHARACTERS:
        yield RuleInvalid("reason_too_short", field="reason_text", least=MIN_REASON_CHARACTERS, length=length)
    if length > MAX_REASON_CHARACTERS:
        yield RuleInvalid("reason_too_long", field="reason_text", most=MAX_REASON_CHARACTERS, length=length)


def _written_length(text: str) -> int:
    """Characters, those of full width counted twice: a Japanese sentence says in twenty what an English one says in forty."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _time_problems(content: RuleContent, at: datetime) -> Iterator[RuleError]:
    if content.expires_at <= at:
        yield ExpiryInvalid("expiry_past", field="expires_at")
    if content.expires_at <= content.starts_at:
        yield ExpiryInvalid("expiry_before_start", field="expires_at")
    # Differences: sums would leave the calendar near its end.
    if content.expires_at - content.starts_at > MAX_LIFETIME:
        yield ExpiryInvalid("expiry_too_far", field="expires_at", days=MAX_LIFETIME.days)
    if content.starts_at - at > LATEST_START:
        yield ExpiryInvalid("start_too_far", field="starts_at", days=LATEST_START.days)


def _canonical(content: RuleContent) -> RuleContent:
    return replace(
        content,
        header_from=_domain(content.header_from),
        networks=_sorted(map(to_network, content.networks)),
        dkim_domain=None if content.dkim_domain is None else _domain(content.dkim_domain),
        envelope_domain=None if content.envelope_domain is None else _domain(content.envelope_domain),
        recipients=_sorted(filter(None, map(to_recipient, content.recipients))),
        action=RuleAction(content.action),
        reason_code=ReasonCode(content.reason_code),
        reason_text=content.reason_text.strip(),
        starts_at=_whole_second(content.starts_at),
        expires_at=_whole_second(content.expires_at),
    )


def _domain(text: str) -> str:
    domain = to_domain(text)
    if domain is None:  # `problems` has refused it before
        raise RuleInvalid("bad_domain", value=text[:80])
    return domain


def _sorted(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _whole_second(moment: datetime) -> datetime:
    """Filters know whole seconds only."""
    return moment.astimezone(UTC).replace(microsecond=0)
