"""Codes in templates: {{ problem|explained }} and the like. The words are those of reports.sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django import template

from reports.dto import Problem
from reports.masking import is_report_subject, mask_address, mask_subject, mask_text
from reports.models import AggregateReport, Job, Message
from reports.selectors.stages import StageState
from reports.sentences.failures import alignment_sentence, auth_failure_sentence, delivery_word
from reports.sentences.jobs import job_name, progress_sentence, state_sentence
from reports.sentences.mailboxes import explain_fault, step_words
from reports.sentences.reasons import Explanation, explain
from reports.sentences.repairs import repair_sentence
from reports.sentences.rereads import counts, left_out_sentence
from reports.sentences.senders import sender_sentence
from reports.sentences.services import service_type_words
from reports.sentences.stages import StageWords, stage_words
from reports.sentences.tls import policy_words, result_sentence
from reports.sentences.why import why_fact

register = template.Library()


register.filter("tls_result", result_sentence)
register.filter("tls_policy", policy_words)
register.filter("job_name", job_name)
register.filter("job_progress", progress_sentence)


@register.filter
def explained(problem: Mapping[str, Any]) -> Explanation:
    """A problem of the ledger ({"code", "params"}) with `meaning` and `advice`."""
    return explain(problem.get("code", ""), problem.get("params"))


@register.filter
def first_problem(message: Message) -> Explanation:
    """Why a message of the ledger ended as it did, with the parameters of that problem where it is listed."""
    listed = (each for each in message.problems if each.get("code") == message.reason)
    listed_first: Mapping[str, Any] = next(listed, {})
    return explain(message.reason, listed_first.get("params"))


@register.filter
def shown_subject(message: Message) -> str:
    """The subject of a mail that came in: in the clear for aggregate reports alone, masked for whatever else it is."""
    return message.subject if is_report_subject(message.subject) else mask_subject(message.subject)


@register.filter
def shown_sender(message: Message) -> str:
    """The same for its sender; "" where there is none."""
    if not message.sender or is_report_subject(message.subject):
        return message.sender
    return mask_address(message.sender)


@register.filter
def best_mail(report: AggregateReport) -> Message:
    """The mail of a report whose sender counts: the one that brought it, or a later one that was proven."""
    return report.proven_by or report.message


@register.filter
def sender(message: Message) -> str:
    """Who sent a mail, as a sentence."""
    return sender_sentence(message)


@register.filter
def job_state(job: Job) -> str:
    """Where long work stands."""
    return state_sentence(job)


@register.filter
def job_counts(job: Job) -> list[tuple[str, int, int]]:
    """The numbers of a difference: what they count, before, after."""
    return counts(job)


@register.filter
def job_left_out(job: Job) -> list[str]:
    """What a re-read left as it is, and why."""
    return [left_out_sentence(code, times) for code, times in job.result.get("left_out", {}).items()]


@register.filter
def reason(code: str) -> Explanation:
    """A bare `Reason` code with `meaning` and `advice`."""
    return explain(code)


@register.filter
def fault(code: str) -> Explanation:
    """A `MailboxFault` code with `meaning` and `advice`."""
    return explain_fault(code)


@register.filter
def step(code: str) -> str:
    """A `MailboxStep` in words."""
    return step_words(code)


@register.filter
def stage(state: StageState) -> StageWords:
    """The words for a stage and its two numbers: `name`, `passed`, `waiting` and `advice`."""
    return stage_words(state.stage, passed=state.passed, waiting=state.waiting)


@register.filter
def repaired(code: str) -> str:
    """A `RepairCode` as a sentence."""
    return repair_sentence(code)


@register.filter
def failure_kind(word: str) -> str:
    """A word of Auth-Failure as a sentence."""
    return auth_failure_sentence(word)


@register.filter
def alignment(failed: Sequence[str]) -> str:
    """Identity-Alignment as a sentence: what failed to align."""
    return alignment_sentence(failed)


@register.filter
def delivery(word: str) -> str:
    """A Delivery-Result in words."""
    return delivery_word(word)


@register.filter
def problem_words(problem: Problem) -> Explanation:
    """A `reports.dto.Problem` with `meaning` and `advice`."""
    return explain(problem.code, dict(problem.params))


@register.filter
def problem_name(problem: Problem) -> str:
    """The file within a message that a problem is about, or ""."""
    return dict(problem.params).get("name", "")


@register.filter
def from_epoch(seconds: int | None) -> datetime | None:
    """Epoch seconds as a moment."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@register.filter
def masked_address(address: str) -> str:
    """An address with its domain alone in the clear."""
    return mask_address(address)


@register.filter
def masked_subject(subject: str) -> str:
    """The ends of a subject's words."""
    return mask_subject(subject)


@register.filter
def masked_text(text: str) -> str:
    """A text with every address in it masked."""
    return mask_text(text)


@register.filter
def service_type(kind: str) -> str:
    """What a sending service is."""
    return service_type_words(kind)


@register.filter
def why_words(code: str) -> str:
    """A `Why` as a short fact."""
    return why_fact(code)
