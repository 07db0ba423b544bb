"""Writes the audit log: one entry per act, in the transaction of the act. Never reads, never changes an entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction

from reports.audit.actions import is_known
from reports.models import AuditEntry, Organisation
from reports.viewer import Viewer


class UnknownAction(ValueError):
    """The action was not registered, so no reader of the log could know what it means."""


def record(
    action: str,
    *,
    at: datetime,
    viewer: Viewer | None = None,
    actor: AbstractBaseUser | None = None,
    organisation: Organisation | None = None,
    subject: models.Model | None = None,
    label: str = "",
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    remote_address: str | None = None,
    request_id: str = "",
) -> AuditEntry:
    """Append one entry. The database links it to the entry before it; concurrent writers wait for each other's commit.

    `viewer` names the person and the organisation; without one, `actor` and `organisation` do, and without any of them
    the system acted. `subject` is what was acted upon, `label` its name where `str(subject)` is not fit. `data` must be
    JSON and must hold no secret and no message content.
    Raises UnknownAction; raises RuntimeError outside a transaction, since an act without its entry must not stand.
    """
    if not is_known(action):
        raise UnknownAction(action)
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{action} was recorded outside the transaction of the act")
    return AuditEntry.objects.create(
        action=action,
        at=at,
        **_organisation(viewer, organisation),
        **_actor(viewer, actor),
        **_subject(subject, label),
        reason=reason,
        data=dict(data or {}),
        remote_address=remote_address or (viewer.remote_address if viewer else None),
        request_id=request_id,
        # Both are set by the database, whatever stands here.
        previous_hash=b"",
        hash=b"",
    )


def _organisation(viewer: Viewer | None, organisation: Organisation | None) -> dict[str, Any]:
    if organisation is not None:
        return {"organisation_id": organisation.pk, "organisation_name": organisation.name}
    if viewer is not None:
        return {"organisation_id": viewer.organisation_id, "organisation_name": viewer.organisation_name}
    return {}


def _actor(viewer: Viewer | None, actor: AbstractBaseUser | None) -> dict[str, Any]:
    if viewer is not None:
        return {"actor_id": viewer.user_id, "actor_name": viewer.user_name}
    if actor is not None:
        return {"actor_id": actor.pk, "actor_name": str(actor)}
    return {}


def _subject(subject: models.Model | None, label: str) -> dict[str, Any]:
    if subject is None:
        return {"object_label": label}
    kind = subject._meta.model_name or ""
    return {"object_type": kind, "object_id": str(subject.pk), "object_label": label or str(subject)}
