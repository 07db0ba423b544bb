"""What an organisation has decided, as the policy says it: rules, enforcement, own domains. Reads only."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from exceptions.engine.wire import EnforcementDocument, EnforcementEntry, RuleDocument
from exceptions.models import EnforcementMode, RuleVersion
from exceptions.vocabulary import WHOLE_SHARE, Mode
from reports.selectors.domains import trusted_domains


class Content(TypedDict):
    """The part of a policy document that changes only by a decision, or by a rule's start or end coming near."""

    own_domains: list[str]
    enforcement: EnforcementDocument
    rules: list[RuleDocument]


def read_content(*, organisation_id: int, at: datetime, until: datetime) -> Content:
    """What holds at `at`, with the rules that begin before `until`: a node that cannot fetch starts them in time."""
    rules = RuleVersion.objects.approved_until(at=at).filter(rule__organisation_id=organisation_id, starts_at__lt=until)
    return Content(
        own_domains=_own_domains(organisation_id),
        enforcement=_enforcement(organisation_id),
        rules=[version.to_document() for version in rules.order_by("rule_id")],
    )


def _own_domains(organisation_id: int) -> list[str]:
    """What a person has named, own or a partner's, and own domains for which a person has set a mode.

    Not every own domain that pages show: the first report about a domain makes it one, and anybody can send a report.
    """
    with_mode = set(
        EnforcementMode.objects.filter(organisation_id=organisation_id, domain__isnull=False).values_list(
            "domain_id", flat=True
        )
    )
    trusted = trusted_domains(organisation_id=organisation_id)
    return [domain.name for domain in trusted if domain.is_named or domain.pk in with_mode]


def _enforcement(organisation_id: int) -> EnforcementDocument:
    default = EnforcementEntry(mode=Mode.MONITOR, share=WHOLE_SHARE)
    domains = {}
    rows = EnforcementMode.objects.filter(organisation_id=organisation_id).select_related("domain")
    for row in rows:
        entry = EnforcementEntry(mode=row.mode, share=row.share)
        if row.domain is None:
            default = entry
        else:
            domains[row.domain.name] = entry
    return EnforcementDocument(default=default, domains=domains)
