"""What a rule would have let through: a replay over the stored reports of 90 days, with the engine's own matching.

Shows and decides nothing. Reports name no recipients, so a rule for some recipients is replayed as one for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from exceptions.engine.wire import RuleDocument
from exceptions.errors import NotAllowed
from exceptions.selectors.coverage import covers, replayed_since, sought_by, timeless
from reports.selectors.domains import covering_domain_id
from reports.selectors.replay import LIMIT, Identity, Sought, failing_identities
from reports.viewer import Viewer
from reports.vocabulary import Lens, SourceVerdict

_WORST_FIRST = (
    SourceVerdict.SUSPICIOUS,
    SourceVerdict.UNKNOWN,
    SourceVerdict.FORWARDER,
    SourceVerdict.FIXABLE,
    SourceVerdict.ALIGNED,
)


@dataclass(frozen=True, slots=True)
class SourceImpact:
    """Failing mail of one source that the rule would let through. `verdict` is the worst of it, `here` what of it
    arrived here; both figures are messages."""

    source_id: int
    address: str
    verdict: SourceVerdict
    messages: int
    here: int
    last_day: date


@dataclass(frozen=True, slots=True)
class Impact:
    """The replay's answer. Sources stand with the most suspicious first, then by messages.

    `intended` is the source for which the rule is asked, `intended_failing` all its messages that failed with this From
    domain, covered or not. `others` would pass as well. `not_replayed` names the fields of the rule that reports cannot
    tell of. Not `is_complete`: there were more identities than a replay looks at, and only the largest were.
    """

    since: date
    intended: SourceImpact | None
    intended_failing: int
    others: tuple[SourceImpact, ...]
    not_replayed: tuple[str, ...]
    is_complete: bool

    @property
    def other_messages(self) -> int:
        return sum(each.messages for each in self.others)

    @property
    def suspicious(self) -> tuple[SourceImpact, ...]:
        """Those of the others that look like forgers."""
        return tuple(each for each in self.others if each.verdict is SourceVerdict.SUSPICIOUS)

    @property
    def messages(self) -> int:
        return self.other_messages + (self.intended.messages if self.intended else 0)


def impact(document: RuleDocument, *, viewer: Viewer, source_id: int | None = None, at: datetime) -> Impact:
    """Replay a rule, stored or not yet (`exceptions.lifecycle.content.to_document`). At most six queries.

    Raises NotAllowed("other_domain") where the viewer does not see the domain that the rule belongs to.
    """
    domain_id = covering_domain_id(organisation_id=viewer.organisation_id, name=document["header_from"])
    if not viewer.sees_domain(domain_id):
        raise NotAllowed("other_domain")
    sought = sought_by(document, organisation_id=viewer.organisation_id, domain_id=domain_id, at=at)
    found = failing_identities(sought)
    rule = timeless(document)
    sources = _by_source(identity for identity in found if covers(rule, identity))
    return Impact(
        since=sought.since,
        intended=next((source for source in sources if source.source_id == source_id), None),
        intended_failing=0 if source_id is None else _failing(sought, source_id, at),
        others=tuple(source for source in sources if source.source_id != source_id),
        not_replayed=("recipients",) if document["recipients"] else (),
        is_complete=len(found) < LIMIT,
    )


def _by_source(identities: Iterable[Identity]) -> list[SourceImpact]:
    found: dict[int, list[Identity]] = {}
    for identity in identities:
        found.setdefault(identity.source_id, []).append(identity)
    sources = [_impact(source_id, each) for source_id, each in found.items()]
    return sorted(sources, key=lambda source: (_WORST_FIRST.index(source.verdict), -source.messages, source.source_id))


def _impact(source_id: int, identities: list[Identity]) -> SourceImpact:
    return SourceImpact(
        source_id=source_id,
        address=identities[0].address,
        verdict=min((SourceVerdict(identity.verdict) for identity in identities), key=_WORST_FIRST.index),
        messages=sum(identity.messages for identity in identities),
        here=sum(identity.messages for identity in identities if identity.lens == Lens.HERE),
        last_day=max(identity.last_day for identity in identities),
    )


def _failing(sought: Sought, source_id: int, at: datetime) -> int:
    everything = Sought(
        organisation_id=sought.organisation_id,
        domain_id=sought.domain_id,
        header_from=sought.header_from,
        since=replayed_since(at),
        source_id=source_id,
    )
    return sum(identity.messages for identity in failing_identities(everything))
