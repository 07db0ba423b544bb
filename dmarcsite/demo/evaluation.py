"""What a reporter finds and does about a flow: alignment, disposition, override, and the rows of one report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from dmarcsite.demo.aggregate import Row
from dmarcsite.demo.cast import GATEWAY, DemoDomain, Reporter
from dmarcsite.demo.rules import RULES
from dmarcsite.demo.stories import STORIES, Flow
from dmarcsite.demo.volumes import along, chance_of, whole_messages

FLOWS = tuple(flow for story in STORIES for flow in story.flows)


def rows_of(*, reporter: Reporter, domain: DemoDomain, until: date, days: Sequence[int]) -> Iterator[Row]:
    """The rows of one report about `domain`; `days` (in days ago) is the reporting period, one day for most reporters."""
    for flow in FLOWS:
        if flow.header_from != domain.name or reporter.key not in flow.seen_by:
            continue
        for source in flow.sources:
            for recipient in reporter.envelope_to or (None,):
                count = sum(
                    _messages(flow, reporter=reporter, source=source, recipient=recipient, until=until, days_ago=day)
                    for day in days
                )
                if count:
                    yield _row(flow, count, reporter, domain, source, recipient, days_ago=days[-1])


def _messages(flow: Flow, *, reporter: Reporter, source: str, recipient: str | None, until: date, days_ago: int) -> int:
    if not flow.last <= days_ago <= flow.first:
        return 0
    position = (flow.first - days_ago) / max(flow.first - flow.last, 1)
    weekday = (until - timedelta(days=days_ago)).weekday()
    total = flow.weekday * flow.pattern[weekday] * along(flow.curve, position=position)
    share = flow.seen_by[reporter.key] / len(flow.sources) / (len(reporter.envelope_to) or 1)
    key = f"{flow.header_from}|{flow.weekday}|{source}|{reporter.key}|{recipient}|{days_ago}"
    return whole_messages(total * share, chance=chance_of(key))


def _row(
    flow: Flow, count: int, reporter: Reporter, domain: DemoDomain, source: str, recipient: str | None, *, days_ago: int
) -> Row:
    dkim = any(sign.result == "pass" and _is_aligned(sign.domain, flow.header_from) for sign in flow.signatures)
    spf = flow.spf == "pass" and _is_aligned(flow.envelope_from, flow.header_from)
    disposition, reason = treatment(
        flow, reporter=reporter, domain=domain, source=source, is_aligned=dkim or spf, days_ago=days_ago
    )
    return Row(
        source=source, count=count, disposition=disposition, dkim=dkim, spf=spf, reason=reason,
        header_from=flow.header_from, envelope_from=flow.envelope_from, envelope_to=recipient,
        spf_result=flow.spf, signatures=flow.signatures,
    )  # fmt: skip


def treatment(
    flow: Flow, *, reporter: Reporter, domain: DemoDomain, source: str, is_aligned: bool, days_ago: int
) -> tuple[str, tuple[str, str] | None]:
    """The disposition that a reporter states, and its reason where it does not follow the published policy."""
    asked = domain.published(days_ago=days_ago).p
    if is_aligned:
        return ("pass" if reporter.shape == "9990" and asked != "none" else "none"), None
    if asked == "none":
        return "none", None
    if reporter is GATEWAY and any(
        rule.is_in_force(days_ago=days_ago) and rule.covers(flow, source=source) for rule in RULES
    ):
        return "none", ("local_policy", "approved exception")
    if flow.override and reporter.trusts_lists:
        return "none", flow.override
    if reporter.softens and asked == "reject":
        return "quarantine", ("local_policy", "reject is treated as quarantine")
    return asked, None


def _is_aligned(domain: str, header_from: str) -> bool:
    """Relaxed alignment (RFC 9989 section 3.2.10); every name of the demo has an organisational domain of two labels."""
    return domain.split(".")[-2:] == header_from.split(".")[-2:]
