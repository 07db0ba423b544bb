"""Which stored mail a rule would have covered: the engine's own matching over the identities that reports tell of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from exceptions.engine.facts import MessageFacts
from exceptions.engine.match import Match, match
from exceptions.engine.rule import Rule, read_rule
from exceptions.engine.wire import RuleDocument
from reports.selectors.replay import Identity, Sought, failing_identities

REPLAY_DAYS = 90


def covered_identities(
    document: RuleDocument, *, organisation_id: int, domain_id: int, at: datetime
) -> Iterator[Identity]:
    """Failing mail of the last 90 days that meets the rule's conditions; its times and recipients are not looked at."""
    rule = timeless(document)
    for identity in failing_identities(
        sought_by(document, organisation_id=organisation_id, domain_id=domain_id, at=at)
    ):
        if covers(rule, identity):
            yield identity


def sought_by(document: RuleDocument, *, organisation_id: int, domain_id: int, at: datetime) -> Sought:
    """Where in the store mail that the rule covers can lie."""
    return Sought(
        organisation_id=organisation_id,
        domain_id=domain_id,
        header_from=document["header_from"],
        since=replayed_since(at),
        networks=document["networks"],
        dkim_domain=document["dkim_domain"],
        envelope_domain=document["envelope_domain"],
    )


def replayed_since(at: datetime) -> date:
    """The first UTC day that a replay looks at."""
    return (at - timedelta(days=REPLAY_DAYS)).date()


def timeless(document: RuleDocument) -> Rule:
    """The rule as it is replayed: in force at the moment 0, for all recipients, whom reports do not name."""
    return read_rule({**document, "recipients": [], "not_before": 0, "expires_at": 1}, "rule")


def covers(rule: Rule, identity: Identity) -> bool:
    facts = MessageFacts(
        source_ip=identity.address,
        header_from=(rule.header_from,),
        envelope_domain=identity.envelope_domain,
        spf_pass=bool(identity.envelope_domain),
        dkim_domains=identity.dkim_domains,
    )
    return isinstance(match(rule, facts, now=0), Match)
