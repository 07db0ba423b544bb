"""The only place where people call a service by a name of their own. Every act is in the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from django.db import IntegrityError, transaction

from reports.audit import log
from reports.audit.actions import register
from reports.enrichment.hostnames import to_hostname
from reports.enrichment.services import base_domain_of
from reports.errors import ReportError
from reports.models import ServiceName
from reports.viewer import Viewer

NAMED = register("reports.service.named")
DROPPED = register("reports.service.dropped")
NAMES_MAX = 200


class NamingRefused(ReportError):
    """A service cannot be named like this, and nothing changed. Codes: neither, suffix (each with value), taken, too_many."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is named: a network, or the base domain of confirmed names; the other is empty."""

    base_domain: str = ""
    network: str = ""


def to_target(text: str) -> Target:
    """Read an address, a network or a domain as people write them. Raises NamingRefused: neither, suffix."""
    try:
        return Target(network=str(ip_network(text.strip())))
    except ValueError:
        name = to_hostname(text.strip())
    if name is None:
        raise NamingRefused("neither", (("value", text.strip()[:80]),))
    base_domain = base_domain_of(name)
    if not base_domain:
        raise NamingRefused("suffix", (("value", name),))
    return Target(base_domain=base_domain)


def service_name(text: str, *, name: str, kind: str, viewer: Viewer, at: datetime) -> ServiceName:
    """Call what is behind a network or a domain by `name`. Raises NamingRefused."""
    target = to_target(text)
    try:
        with transaction.atomic():
            named = ServiceName.objects.create(
                organisation_id=viewer.organisation_id,
                base_domain=target.base_domain,
                network=target.network,
                name=name,
                type=kind,
                named_by_name=viewer.user_name,
                named_at=at,
            )
            if ServiceName.objects.filter(organisation_id=viewer.organisation_id).count() > NAMES_MAX:
                raise NamingRefused("too_many")
            log.record(NAMED, at=at, viewer=viewer, subject=named, data={"name": name, "type": kind})
    except IntegrityError:
        raise NamingRefused("taken") from None
    return named


@transaction.atomic
def service_drop(named: ServiceName, *, viewer: Viewer, at: datetime) -> None:
    """Take a name back; the map's words show again."""
    log.record(DROPPED, at=at, viewer=viewer, subject=named, data={"name": named.name, "type": named.type})
    named.delete()
