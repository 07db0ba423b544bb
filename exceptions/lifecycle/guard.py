"""What stands before every verb: the role, the organisation and domain, the row's lock, and the table of transitions."""

from __future__ import annotations

from django.contrib.auth import get_user_model

from exceptions.errors import NotAllowed, RuleInvalid
from exceptions.lifecycle.content import RuleContent
from exceptions.lifecycle.transitions import RuleFacts, Transition, check
from exceptions.models import ExceptionRule, RuleVersion
from exceptions.vocabulary import RuleState
from reports.permissions import Act, may
from reports.viewer import Viewer


def guard(
    transition: Transition,
    rule: ExceptionRule,
    *,
    viewer: Viewer | None = None,
    act: Act | None = None,
    seen_version: int | None = None,
) -> RuleVersion:
    """Lock the rule, bring the object up to date, and return its current version if the step is open to the viewer.

    Without viewer and act the system itself acts. The lock holds until the end of the caller's transaction.
    """
    rule.refresh_from_db(from_queryset=ExceptionRule.objects.select_for_update())
    if viewer is not None and act is not None:
        if viewer.organisation_id != rule.organisation_id:
            raise NotAllowed("other_organisation")
        allow(viewer, act, domain_id=rule.domain_id)
    version = rule.versions.get(number=rule.version)
    actor = viewer.user_id if viewer else None
    check(transition, facts_of(rule, version=version), actor=actor, seen_version=seen_version)
    return version


def allow(viewer: Viewer, act: Act, *, domain_id: int | None = None) -> None:
    """Return if the role includes the act and the domain is one that the viewer sees; raises NotAllowed."""
    if not may(viewer.role, act):
        raise NotAllowed("role_lacks_act", role=str(viewer.role), act=act.value)
    if domain_id is not None and not viewer.sees_domain(domain_id):
        raise NotAllowed("other_domain")


def facts_of(rule: ExceptionRule, *, version: RuleVersion) -> RuleFacts:
    """What the pure table has to know; one query for the authors."""
    authors = rule.versions.filter(number__lte=rule.version).values_list("author_id", flat=True)
    return RuleFacts(
        state=RuleState(rule.state),
        version=rule.version,
        proposed_by=rule.proposed_by_id,
        owner=version.owner_id,
        authors=frozenset(authors),
    )


def owner_of(content: RuleContent, viewer: Viewer) -> str:
    """The owner's name; raises RuleInvalid("owner_unknown") for somebody who does not belong to the organisation."""
    members = get_user_model().objects.filter(is_active=True, memberships__organisation_id=viewer.organisation_id)
    owner = members.filter(pk=content.owner_id).first()
    if owner is None:
        raise RuleInvalid("owner_unknown", field="owner")
    return str(owner)
