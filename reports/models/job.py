"""Long work that a person starts, follows, and may end: one row is one progress bar. Written by reports.jobs alone."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from reports.models.organisation import Organisation
from reports.vocabulary import JobKind, JobState

GOING_ON = [JobState.WAITING.value, JobState.RUNNING.value]


class Job(models.Model):
    """`done` of `total` units; `position` is where the next step begins, committed with what the last step changed.

    `beat_at` is when the worker at it last said so: one that is silent for long is dead, and another goes on from
    `position`. `result` is what the work has to say so far.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=10, choices=[(kind.value, kind.value) for kind in JobKind])
    state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in JobState], default=JobState.WAITING.value
    )
    parameters = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    total = models.PositiveBigIntegerField(default=0)
    done = models.PositiveBigIntegerField(default=0)
    position = models.CharField(max_length=500, blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    started_by_name = models.CharField(max_length=320, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    beat_at = models.DateTimeField(null=True, blank=True)
    cancel_asked_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation"],
                condition=Q(kind=JobKind.REREAD.value, state__in=GOING_ON),
                name="job_one_reread_at_once",
            ),
            models.CheckConstraint(condition=Q(state__in=[state.value for state in JobState]), name="job_state_known"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, state__in=GOING_ON)
                | (Q(finished_at__isnull=False) & ~Q(state__in=GOING_ON)),
                name="job_finished_when_it_ended",
            ),
            models.CheckConstraint(condition=Q(done__lte=F("total")), name="job_done_within_total"),
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="job_by_organisation"),
            models.Index(fields=["beat_at"], condition=Q(state__in=GOING_ON), name="job_going_on"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
