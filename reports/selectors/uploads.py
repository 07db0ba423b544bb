"""What came of a large upload, for its page."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, QuerySet

from reports.models import AggregateReport, Job, Message
from reports.vocabulary import Channel, Outcome

USED = (Outcome.STORED.value, Outcome.DUPLICATE.value)


def messages_of(job: Job) -> QuerySet[Message]:
    """The messages of an upload: those of one person that came in at the very moment at which the job was entered."""
    return Message.objects.filter(
        organisation_id=job.organisation_id,
        received_at=job.created_at,
        channel=Channel.UPLOAD.value,
        uploaded_by_id=job.started_by_id,
    )


def ended_by_outcome(job: Job) -> list[tuple[str, int]]:
    """Outcome and number of messages, the most frequent first."""
    ended = messages_of(job).filter(outcome__isnull=False).values_list("outcome")
    return list(ended.annotate(number=Count("pk")).order_by("-number", "outcome"))


def first_unused(job: Job, *, limit: int) -> QuerySet[Message]:
    """The first messages of which not everything could be used."""
    return messages_of(job).filter(outcome__isnull=False).exclude(outcome__in=USED).order_by("pk")[:limit]


def conflicting(reports: Iterable[int], *, organisation_id: int) -> set[int]:
    """Which of these aggregate reports, by their ids, say something else than another of the same name."""
    found = AggregateReport.objects.filter(organisation_id=organisation_id, pk__in=reports, is_conflicting=True)
    return set(found.values_list("pk", flat=True))
