"""Who belongs to the organisation, and who of them may decide about a rule. Names only; roles are granted elsewhere."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from exceptions.models import ExceptionRule, RuleVersion
from reports.permissions import MATRIX, Act
from reports.viewer import Viewer

_DECIDING = [role.value for role, acts in MATRIX.items() if Act.DECIDE_RULE in acts]


def members(viewer: Viewer) -> QuerySet[AbstractBaseUser]:
    """Active people of the viewer's organisation, by their address."""
    people = get_user_model().objects.filter(is_active=True, memberships__organisation_id=viewer.organisation_id)
    return people.order_by("email")


def deciders(rule: ExceptionRule, *, version: RuleVersion) -> list[str]:
    """The people whose role and whose distance from this rule let them decide about it. One query."""
    authors = rule.versions.filter(number__lte=rule.version).values_list("author_id", flat=True)
    people = get_user_model().objects.filter(
        is_active=True, memberships__organisation_id=rule.organisation_id, memberships__role__in=_DECIDING
    )
    free = people.exclude(pk__in=authors).exclude(pk__in=[version.owner_id, rule.proposed_by_id or 0])
    return [str(person) for person in free.order_by("email")]
