"""How a message ends: from what was read and what of it was new to an outcome with a reason. Pure."""

from __future__ import annotations

from typing import NamedTuple

from reports.dto import NO_MAIL, AggregateReport, FailureReport, MailFacts, Problem, TlsReport
from reports.vocabulary import Kind, Outcome, Reason, RepairCode


class Report(NamedTuple):
    """One report that was read: its place among the payloads of the message, what makes it the same as another, and its file's name."""

    index: int  # type: ignore[assignment]  # the word of the ledger, though tuples have a method of that name
    identity: bytes
    content: AggregateReport | FailureReport | TlsReport
    filename: str = ""

    @property
    def key(self) -> tuple[bytes, bytes]:
        """Equal for the same report sent twice. A failure report has no rows that could differ."""
        if isinstance(self.content, AggregateReport):
            return self.identity, self.content.rows_hash
        return self.identity, self.content.policies_hash if isinstance(self.content, TlsReport) else b""


class Reading(NamedTuple):
    """What extraction and the readers made of one message. `problems` explain every part that is not in `reports`."""

    reports: tuple[Report, ...] = ()
    problems: tuple[Problem, ...] = ()
    mail: MailFacts = NO_MAIL

    @property
    def rows(self) -> int:
        return sum(len(report.content.rows) for report in self.reports if isinstance(report.content, AggregateReport))


class Kept(NamedTuple):
    """What became of one report: the database row that holds it (None on a dry run), and whether it is new there."""

    is_new: bool
    pk: int | None = None


class ReportFacts(NamedTuple):
    """One report for people and scripts; `begin` and `end` in epoch seconds (None where nobody says).

    `rows` and `messages` are without rejected rows.
    """

    kind: Kind
    reporter: str
    report_id: str
    domain: str
    begin: int | None
    end: int | None
    rows: int
    messages: int
    rows_dropped: int
    repairs: tuple[str, ...]
    is_new: bool
    pk: int | None = None


class Result(NamedTuple):
    """How one message or file ended. `reason` is a `reports.vocabulary.Reason`, or "" where all is well.

    `unnamed` reports were read too, of which nobody wished to have the facts.
    """

    outcome: Outcome
    reason: str = ""
    problems: tuple[Problem, ...] = ()
    reports: tuple[ReportFacts, ...] = ()
    message_id: int | None = None
    unnamed: int = 0


def conclude(reading: Reading, kept: list[Kept], *, message_id: int | None = None) -> Result:
    """The end of a message whose reports were kept as `kept` says, in the same order."""
    problems = (*reading.problems, *_lost_rows(reading))
    losses = [problem.code for problem in problems if not Reason(problem.code).is_no_report]
    facts = tuple(facts_of(report, each) for report, each in zip(reading.reports, kept, strict=True))
    if any(each.is_new for each in kept):
        outcome, reason = (Outcome.PARTIAL, losses[0]) if losses else (Outcome.STORED, "")
    elif kept:
        outcome, reason = Outcome.DUPLICATE, Reason.STORED_BEFORE
    elif losses:
        outcome, reason = Outcome.REFUSED, losses[0]
    else:
        outcome, reason = Outcome.NOT_A_REPORT, problems[0].code if problems else Reason.NO_REPORT_FOUND
    return Result(outcome, str(reason), problems, facts, message_id)


def facts_of(report: Report, kept: Kept) -> ReportFacts:
    """The facts of a report as a public line shows them; a failure report stands for one row and its incidents.

    A TLS report counts sessions, so it has no rows and no messages; its rejected policies are dropped rows.
    """
    content = report.content
    repairs = tuple({repair.code: None for repair in content.repairs}) if content.repairs else ()
    if isinstance(content, FailureReport):
        return ReportFacts(
            Kind.FAILURE, content.reporter, content.original_envelope_id or content.sample_message_id,
            content.reported_domain, content.arrived, content.arrived, 1, content.incidents, 0, repairs,
            kept.is_new, kept.pk,
        )  # fmt: skip
    if isinstance(content, TlsReport):
        return ReportFacts(
            Kind.TLS, content.org_name, content.report_id, next(iter(content.domains), ""), content.begin, content.end,
            0, 0, len(content.rejected), repairs, kept.is_new, kept.pk,
        )  # fmt: skip
    head = content.head
    return ReportFacts(
        Kind.AGGREGATE, head.org_name, head.report_id, head.policy.domain, head.begin, head.end,
        len(content.rows), content.messages, len(content.rejected), repairs, kept.is_new, kept.pk,
    )  # fmt: skip


_LOSSES: dict[type, tuple[RepairCode, Reason, str]] = {
    AggregateReport: (RepairCode.XML_TRUNCATED, Reason.ROWS_REJECTED, "rows"),
    TlsReport: (RepairCode.JSON_TRUNCATED, Reason.POLICIES_REJECTED, "policies"),
}


def _lost_rows(reading: Reading) -> list[Problem]:
    problems = []
    for report in reading.reports:
        content = report.content
        if isinstance(content, FailureReport):
            continue
        truncated, rejected, unit = _LOSSES[type(content)]
        if content.repairs and any(repair.code == truncated for repair in content.repairs):
            problems.append(Problem(Reason.REPORT_TRUNCATED))
        if content.rejected:
            problems.append(Problem(rejected, ((unit, str(len(content.rejected))),)))
    return problems
