"""Owns what tests know of our addresses: who may see each, how it is asked, and one that really leads somewhere."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from reports.forms.mailbox_kinds import FORMS
from reports.permissions import Act
from tests.website.house import House

NOWHERE = 999_999_999
OPEN = {"healthz", "readyz", "metrics", "set_language", "theme", "invitation"}
FEEDS = {
    "exceptions:feed-policy",
    "exceptions:feed-events",
    "exceptions:feed-status",
    "reports:api-upload",
    "reports:tls-post",
}
"""The token of a node or of a program opens them, whoever is logged in."""
ACTS: dict[str, Act | None] = {
    "overview": Act.SEE_REPORTS,
    "people": Act.MANAGE_PEOPLE,
    "role-propose": Act.MANAGE_PEOPLE,
    "role-second": Act.MANAGE_PEOPLE,
    "role-refuse": Act.MANAGE_PEOPLE,
    "membership-end": Act.MANAGE_PEOPLE,
    "organisation-choose": None,
    "organisation-settings": Act.MANAGE_DOMAINS,
    "organisation-retention": Act.MANAGE_DOMAINS,
    "domains": Act.SEE_REPORTS,
    "domain-name": Act.MANAGE_DOMAINS,
    "domain-drop": Act.MANAGE_DOMAINS,
    "domain-hold": Act.MANAGE_DOMAINS,
    "audit": Act.SEE_AUDIT,
    "demo-remove": Act.REMOVE_DEMO,
    "reports:source-list": Act.SEE_REPORTS,
    "reports:source-detail": Act.SEE_REPORTS,
    "reports:service-list": Act.NAME_SERVICES,
    "reports:service-drop": Act.NAME_SERVICES,
    "reports:report-list": Act.SEE_REPORTS,
    "reports:report-detail": Act.SEE_REPORTS,
    "reports:report-original": Act.SEE_REPORTS,
    "reports:failure-list": Act.SEE_REPORTS,
    "reports:failure-detail": Act.SEE_REPORTS,
    "reports:failure-reveal": Act.REVEAL_SAMPLES,
    "reports:tls-list": Act.SEE_REPORTS,
    "reports:tls-detail": Act.SEE_REPORTS,
    "reports:tls-endpoint-list": Act.MANAGE_MAILBOXES,
    "reports:tls-endpoint-revoke": Act.MANAGE_MAILBOXES,
    "reports:ingestion": Act.SEE_REPORTS,
    "reports:message-detail": Act.SEE_REPORTS,
    "reports:mailbox-create": Act.MANAGE_MAILBOXES,
    "reports:mailbox-edit": Act.MANAGE_MAILBOXES,
    "reports:mailbox-delete": Act.MANAGE_MAILBOXES,
    "reports:mailbox-fetch": Act.MANAGE_MAILBOXES,
    "reports:mailbox-sign-in": Act.MANAGE_MAILBOXES,
    "reports:sign-in-return": Act.MANAGE_MAILBOXES,
    "reports:upload-token-list": Act.MANAGE_MAILBOXES,
    "reports:upload-token-revoke": Act.MANAGE_MAILBOXES,
    "reports:upload": Act.UPLOAD,
    "reports:upload-detail": Act.UPLOAD,
    "reports:reread": Act.REREAD,
    "reports:message-reread": Act.REREAD,
    "reports:job-list": Act.SEE_REPORTS,
    "reports:job-detail": Act.REREAD,
    "reports:job-cancel": Act.REREAD,
    "exceptions:rule-list": Act.SEE_RULES,
    "exceptions:rule-create": Act.REQUEST_RULE,
    "exceptions:rule-preview": Act.REQUEST_RULE,
    "exceptions:rule-detail": Act.SEE_RULES,
    "exceptions:rule-impact": Act.SEE_RULES,
    "exceptions:rule-edit": Act.REQUEST_RULE,
    "exceptions:rule-propose": Act.REQUEST_RULE,
    "exceptions:rule-approve": Act.DECIDE_RULE,
    "exceptions:rule-reject": Act.DECIDE_RULE,
    "exceptions:rule-withdraw": Act.REQUEST_RULE,
    "exceptions:rule-revoke": Act.REVOKE_RULE,
    "exceptions:enforcement": Act.SEE_ENFORCEMENT,
    "exceptions:mode-change": Act.TIGHTEN_MODE,
    "exceptions:mode-tighten": Act.TIGHTEN_MODE,
    "exceptions:mode-propose": Act.PROPOSE_LOOSER_MODE,
    "exceptions:change-approve": Act.APPROVE_LOOSER_MODE,
    "exceptions:change-reject": Act.APPROVE_LOOSER_MODE,
    "exceptions:change-withdraw": Act.PROPOSE_LOOSER_MODE,
    "exceptions:node-list": Act.SEE_ENFORCEMENT,
    "exceptions:node-enrol": Act.MANAGE_NODES,
    "exceptions:node-renew": Act.MANAGE_NODES,
    "exceptions:node-revoke": Act.MANAGE_NODES,
}
"""What docs/roles.md asks for each address; None is open to every member."""
POSTED = {
    "role-propose", "role-second", "role-refuse", "membership-end", "organisation-choose", "domain-name", "demo-remove",
    "reports:message-reread", "reports:job-cancel", "reports:failure-reveal", "reports:mailbox-fetch", "reports:service-drop", "exceptions:mode-tighten", "exceptions:mode-propose",
    "exceptions:change-reject", "exceptions:change-withdraw", "exceptions:node-enrol", "exceptions:node-renew",
}  # fmt: skip
"""These take POST alone; all others are pages."""
SENDS_ON = {"reports:sign-in-return"}
"""These answer with another address."""
PAGES = [name for name in ACTS if name not in POSTED | SENDS_ON]
VARIANTS: dict[str, list[str]] = {
    "reports:mailbox-create": [f"?kind={kind}" for kind in FORMS],
    "reports:source-list": ["?group=service"],
    "reports:ingestion": ["?outcome=parked"],
}
"""What else a page without a number looks like."""
_NEEDED = {"exceptions:rule-preview": "?header_from=example.com&networks=192.0.2.77"}
_RULE = "SELECT id FROM exceptions_exceptionrule WHERE organisation_id = %s AND state = '{}' ORDER BY id"
_THINGS = {
    "role-": "SELECT id FROM dmarcsite_rolegrant WHERE organisation_id = %s ORDER BY id",
    "membership-": "SELECT id FROM reports_membership WHERE organisation_id = %s ORDER BY id",
    "reports:service-": "SELECT id FROM reports_servicename WHERE organisation_id = %s ORDER BY id",
    "domain-": "SELECT id FROM reports_domain WHERE organisation_id = %s AND kind <> 'foreign' ORDER BY id",
    "reports:source-": "SELECT id FROM reports_source WHERE organisation_id = %s ORDER BY id",
    "reports:report-": "SELECT id FROM reports_aggregatereport WHERE organisation_id = %s ORDER BY id",
    "reports:failure-": "SELECT id FROM reports_failurereport WHERE organisation_id = %s ORDER BY id",
    "reports:tls-endpoint-": "SELECT id FROM reports_tlsendpoint WHERE organisation_id = %s ORDER BY id",
    "reports:tls-": "SELECT id FROM reports_tlsreport WHERE organisation_id = %s ORDER BY id",
    "reports:message-": "SELECT id FROM reports_message WHERE organisation_id = %s ORDER BY reason <> 'reader_failed', id",
    "reports:job-": "SELECT id FROM reports_job WHERE organisation_id = %s ORDER BY id",
    "reports:mailbox-sign-in": "SELECT id FROM reports_mailbox WHERE organisation_id = %s AND kind = 'graph' ORDER BY id",
    "reports:mailbox-": "SELECT id FROM reports_mailbox WHERE organisation_id = %s ORDER BY id",
    "reports:upload-detail": "SELECT id FROM reports_job WHERE organisation_id = %s AND kind = 'upload' ORDER BY id",
    "reports:upload-token-": "SELECT id FROM reports_uploadtoken WHERE organisation_id = %s ORDER BY id",
    "exceptions:rule-edit": _RULE.format("draft"),
    "exceptions:rule-propose": _RULE.format("draft"),
    "exceptions:rule-revoke": _RULE.format("approved"),
    "exceptions:rule-": _RULE.format("proposed"),
    "exceptions:change-": "SELECT id FROM exceptions_modechange WHERE organisation_id = %s ORDER BY id",
    "exceptions:node-": "SELECT id FROM reports_node WHERE organisation_id = %s ORDER BY id",
}


def our_patterns() -> dict[str, URLPattern]:
    """Every address of ours by its name; Django's and allauth's own are left out."""

    def walk(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry, namespace + (f"{entry.namespace}:" if entry.namespace else ""))
            else:
                yield namespace + (entry.name or ""), entry

    return {name: entry for name, entry in walk(get_resolver()) if not name.startswith(("account_", "mfa_"))}


def has_number(name: str) -> bool:
    return "pk" in our_patterns()[name].pattern.converters


def nowhere(name: str) -> str:
    """The address with a number that nothing has."""
    return reverse(name, args=[NOWHERE]) if has_number(name) else reverse(name)


def things(house: House, name: str, *, organisation: str) -> list[int]:
    """The numbers of everything that the address may be about, in this organisation."""
    organisation_id = house.number("SELECT id FROM reports_organisation WHERE slug = %s", organisation)
    statement = next(sql for prefix, sql in _THINGS.items() if name.startswith(prefix))
    return [int(pk) for (pk,) in house.site.rows(statement, organisation_id)]


def somewhere(house: House, name: str, *, organisation: str) -> str | None:
    """The address with the number of the first thing that there is; None where there is nothing."""
    if not has_number(name):
        return reverse(name) + _NEEDED.get(name, "")
    found = things(house, name, organisation=organisation)
    return reverse(name, args=found[:1]) if found else None
