"""Reads the audit log. The only way in which pages see entries; never shows those of another organisation."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Max, Model, QuerySet

from reports.models import AuditEntry
from reports.viewer import Viewer


def entries(*, viewer: Viewer) -> QuerySet[AuditEntry]:
    """All entries of the viewer's organisation, newest first. The caller demands Act.SEE_AUDIT."""
    return AuditEntry.objects.filter(organisation_id=viewer.organisation_id).order_by("-id")


def newest_id() -> int:
    """The number of the last entry of the installation, 0 before the first."""
    return AuditEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0


class Actor(NamedTuple):
    """Somebody who acted, under the last of their names in order of letters; `pk` None and no name for the system."""

    pk: int | None
    name: str


def actors(*, viewer: Viewer) -> list[Actor]:
    """Everybody who ever acted in the viewer's organisation, by name."""
    named = AuditEntry.objects.filter(organisation_id=viewer.organisation_id).values("actor_id").order_by()
    return [
        Actor(*row) for row in named.annotate(name=Max("actor_name")).order_by("name").values_list("actor_id", "name")
    ]


def entries_about(subject: Model) -> QuerySet[AuditEntry]:
    """The history of one thing, oldest first. The caller has reached the thing through its access function."""
    kind = subject._meta.model_name or ""
    return AuditEntry.objects.filter(object_type=kind, object_id=str(subject.pk)).order_by("id")
