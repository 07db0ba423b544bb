"""What templates/_chart.html draws and shows as a table: the same numbers, named and in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from reports.selectors.spans import DailyVolumes
from reports.vocabulary import Outcome, SourceVerdict

ORDER = (
    SourceVerdict.ALIGNED,
    SourceVerdict.FORWARDER,
    SourceVerdict.FIXABLE,
    SourceVerdict.SUSPICIOUS,
    SourceVerdict.UNKNOWN,
)
TONES = {
    SourceVerdict.ALIGNED: "aligned",
    SourceVerdict.FORWARDER: "forwarder",
    SourceVerdict.FIXABLE: "fixable",
    SourceVerdict.SUSPICIOUS: "failing",
    SourceVerdict.UNKNOWN: "unknown",
}

OUTCOME_TONES = {
    Outcome.STORED: "aligned",
    Outcome.PARTIAL: "forwarder",
    Outcome.REFUSED: "failing",
    Outcome.DUPLICATE: "plain",
    Outcome.NOT_A_REPORT: "unknown",
}


def verdict_chart(name: str, volumes: DailyVolumes, *, days: Sequence[date]) -> dict[str, Any]:
    """Stacked bars of messages per UTC day by verdict; verdicts without any message are left out.

    The sentence above it tells the sums, as the page's tables do; the bars and the note below it know of long reports.
    """
    words, by_day = verdict_words(), volumes.drawn
    series = [
        {
            "name": words[verdict],
            "tone": TONES[verdict],
            "values": [by_day.get(day, {}).get(verdict, 0) for day in days],
        }
        for verdict in ORDER
    ]
    total = sum(sum(counts.values()) for counts in volumes.counted.values())
    aligned = sum(counts.get(SourceVerdict.ALIGNED, 0) for counts in volumes.counted.values())
    finding = ngettext(
        "%(failing)s of %(total)s message failed DMARC in these %(days)s days",
        "%(failing)s of %(total)s messages failed DMARC in these %(days)s days",
        total,
    ) % {"failing": f"{total - aligned:,}", "total": f"{total:,}", "days": len(days)}
    return {
        "id": name,
        "kind": "bars",
        "unit": _("messages per UTC day"),
        "finding": finding,
        "labels": [day.isoformat() for day in days],
        "series": [each for each in series if any(each["values"])],
        "markers": [],
        "note": _spread_note(volumes.spread),
    }


def _spread_note(messages: int) -> str:
    if not messages:
        return ""
    return ngettext(
        "%(messages)s message in this chart comes from a report over several days. It is drawn spread evenly over them; "
        "sums and tables count each report on one day.",
        "%(messages)s messages in this chart come from reports over several days. They are drawn spread evenly over them; "
        "sums and tables count each report on one day.",
        messages,
    ) % {"messages": f"{messages:,}"}


def verdict_words() -> dict[str, str]:
    """The verdicts in words, as badges show them."""
    return {
        SourceVerdict.ALIGNED: _("Aligned"),
        SourceVerdict.FORWARDER: _("Forwarder"),
        SourceVerdict.FIXABLE: _("Fixable"),
        SourceVerdict.SUSPICIOUS: _("Suspicious"),
        SourceVerdict.UNKNOWN: _("Unknown"),
    }


def outcome_chart(name: str, rows: Sequence[Mapping[str, Any]], *, days: Sequence[date]) -> dict[str, Any]:
    """Stacked bars of mails and files per UTC day of arrival by outcome; `rows` hold "on", "outcome" and "total"."""
    counts = {(row["on"], row["outcome"]): row["total"] for row in rows}
    words = outcome_words()
    series = [
        {"name": words[outcome], "tone": tone, "values": [counts.get((day, outcome), 0) for day in days]}
        for outcome, tone in OUTCOME_TONES.items()
    ]
    total = sum(sum(each["values"]) for each in series)
    refused = sum(counts.get((day, Outcome.REFUSED), 0) for day in days)
    finding = ngettext(
        "%(refused)s of %(total)s mail or file could not be used in these %(days)s days",
        "%(refused)s of %(total)s mails and files could not be used in these %(days)s days",
        total,
    ) % {"refused": f"{refused:,}", "total": f"{total:,}", "days": len(days)}
    return {
        "id": name,
        "kind": "bars",
        "unit": _("mails and files per UTC day"),
        "finding": finding,
        "labels": [day.isoformat() for day in days],
        "series": [each for each in series if any(each["values"])],
        "markers": [],
    }


def row_chart(name: str, by_day: Mapping[date, int], *, days: Sequence[date]) -> dict[str, Any]:
    """Bars of report rows per UTC day on which they were stored."""
    values = [by_day.get(day, 0) for day in days]
    finding = ngettext(
        "%(total)s row was stored in these %(days)s days",
        "%(total)s rows were stored in these %(days)s days",
        sum(values),
    ) % {"total": f"{sum(values):,}", "days": len(days)}
    return {
        "id": name,
        "kind": "bars",
        "unit": _("rows per UTC day"),
        "finding": finding,
        "labels": [day.isoformat() for day in days],
        "series": [{"name": _("Rows"), "tone": "plain", "values": values}] if any(values) else [],
        "markers": [],
    }


def session_chart(name: str, by_day: Mapping[date, tuple[int, int]], *, days: Sequence[date]) -> dict[str, Any]:
    """Stacked bars of sessions per UTC day; `by_day` holds successful and failed ones."""
    good = [by_day.get(day, (0, 0))[0] for day in days]
    bad = [by_day.get(day, (0, 0))[1] for day in days]
    finding = ngettext(
        "%(failed)s of %(total)s session failed in these %(days)s days",
        "%(failed)s of %(total)s sessions failed in these %(days)s days",
        sum(good) + sum(bad),
    ) % {"failed": f"{sum(bad):,}", "total": f"{sum(good) + sum(bad):,}", "days": len(days)}
    series = [
        {"name": pgettext("sessions", "Successful"), "tone": "aligned", "values": good},
        {"name": pgettext("sessions", "Failed"), "tone": "failing", "values": bad},
    ]
    return {
        "id": name,
        "kind": "bars",
        "unit": _("sessions per UTC day"),
        "finding": finding,
        "labels": [day.isoformat() for day in days],
        "series": [each for each in series if any(each["values"])],
        "markers": [],
    }


def outcome_words() -> dict[str, str]:
    """The outcomes in words, as badges show them."""
    return {
        Outcome.STORED: _("Stored"),
        Outcome.PARTIAL: _("Stored in part"),
        Outcome.REFUSED: pgettext("message", "Refused"),
        Outcome.DUPLICATE: _("Duplicate"),
        Outcome.NOT_A_REPORT: _("Not a report"),
    }
