"""The only place where people name domains and drop them. Every act is in the audit log, in the same transaction.

Naming lets filters be stricter than what the domain publishes, so one person does; dropping takes that away again, so it
is refused while more than watching is in force. The database holds the same line (exceptions, migration 0006).
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dmarcsite.domains.errors import DomainRefused
from exceptions.lifecycle.content import to_domain
from exceptions.models.locks import Locked, lock
from exceptions.selectors.domains import has_modes, rules_of
from exceptions.selectors.enforcement import mode_in_force
from reports.audit import log
from reports.audit.actions import register
from reports.models import Domain
from reports.selectors.domains import is_filed_under, is_named
from reports.viewer import Viewer
from reports.vocabulary import DomainKind

NAMED = register("organisation.domain.named")
DROPPED = register("organisation.domain.dropped")


@transaction.atomic
def domain_name(text: str, *, kind: DomainKind, viewer: Viewer, at: datetime) -> Domain:
    """Say that a domain is ours (OWN) or a partner's (PARTNER), whether reports have named it or not.

    Raises DomainRefused: bad_domain for what is no domain or a whole top-level one, already_named.
    """
    name = to_domain(text)
    if name is None:
        raise DomainRefused("bad_domain", value=text.strip()[:80])
    # A report may bring the same name in this moment.
    Domain.objects.get_or_create(organisation_id=viewer.organisation_id, name=name, defaults={"kind": DomainKind.OWN})
    domain = Domain.objects.select_for_update().get(organisation_id=viewer.organisation_id, name=name)
    if is_named(domain.kind, domain.confirmed_at):
        raise DomainRefused("already_named", value=name)
    domain.kind, domain.confirmed_at, domain.confirmed_by_name = kind, at, viewer.user_name
    domain.save(update_fields=["kind", "confirmed_at", "confirmed_by_name"])
    log.record(NAMED, at=at, viewer=viewer, subject=domain, data={"kind": kind})
    return domain


@transaction.atomic
def domain_drop(domain_id: int, *, viewer: Viewer, at: datetime) -> None:
    """Take back that a domain is ours or a partner's. One that reports tell of stays as merely seen, others go.

    Raises DomainRefused: not_named; enforced while filters do more than watch; has_rules or has_modes where the domain
    would go and they are filed under it.
    """
    lock(Locked.ENFORCEMENT, organisation_id=viewer.organisation_id)
    domain = Domain.objects.select_for_update().get(organisation_id=viewer.organisation_id, pk=domain_id)
    if not is_named(domain.kind, domain.confirmed_at):
        raise DomainRefused("not_named")
    in_force = mode_in_force(organisation_id=viewer.organisation_id, domain_id=domain_id)
    if in_force.strictness:
        raise DomainRefused("enforced", mode=in_force.mode)
    log.record(DROPPED, at=at, viewer=viewer, subject=domain, data={"kind": domain.kind})
    if is_filed_under(domain):
        domain.kind, domain.confirmed_at, domain.confirmed_by_name = DomainKind.OWN, None, ""
        domain.save(update_fields=["kind", "confirmed_at", "confirmed_by_name"])
        return
    if rules := rules_of(domain_id):
        raise DomainRefused("has_rules", rules=", ".join(rules[:5]))
    if has_modes(domain_id):
        raise DomainRefused("has_modes")
    domain.delete()
