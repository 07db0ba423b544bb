"""Roles: proposed by one administrator, and seconded by another once an organisation has two. The only writer of them.

Every act is written to the audit log in the same transaction.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from dmarcsite.models import RoleGrant, User
from dmarcsite.people.errors import (
    AlreadyDecided,
    AlreadyOpen,
    InvitationEnded,
    LastAdministrator,
    NotInOrganisation,
    OwnProposal,
)
from reports.audit import log
from reports.audit.actions import register
from reports.models import Membership, Organisation
from reports.viewer import Viewer
from reports.vocabulary import Role

INVITATION_LIFETIME = timedelta(days=7)
_SECOND_NEEDED_FROM = 2
State = RoleGrant.State

PROPOSED = register("people.role.proposed")
GRANTED = register("people.role.granted")
REFUSED = register("people.role.refused")
WITHDRAWN = register("people.role.withdrawn")
ENDED = register("people.role.ended")
ACCEPTED = register("people.invitation.accepted")


def needs_second(organisation_id: int) -> bool:
    """Whether a role in this organisation needs a second administrator: as soon as it has two."""
    return (
        Membership.objects.filter(organisation_id=organisation_id, role=Role.ADMINISTRATOR).count()
        >= _SECOND_NEEDED_FROM
    )


@transaction.atomic
def role_propose(*, viewer: Viewer, email: str, role: Role, at: datetime) -> tuple[RoleGrant, str | None]:
    """Propose a role for a person, known or not; granted at once while there is no second administrator to ask.

    Returns the grant and, for a person without an account, the invitation's token (shown once). Raises AlreadyOpen.
    """
    email = email.strip().lower()
    try:
        with transaction.atomic():
            grant = RoleGrant.objects.create(
                organisation_id=viewer.organisation_id,
                email=email,
                role=role,
                proposed_by_id=viewer.user_id,
                proposed_by_name=viewer.user_name,
                proposed_at=at,
                user=User.objects.filter(email=email).first(),
            )
    except IntegrityError:
        raise AlreadyOpen from None
    _record(PROPOSED, grant, viewer=viewer, at=at)
    if needs_second(viewer.organisation_id):
        return grant, None
    return grant, _grant(grant, viewer=viewer, at=at)


@transaction.atomic
def role_second(grant_id: int, *, viewer: Viewer, at: datetime) -> tuple[RoleGrant, str | None]:
    """Grant what another administrator proposed. Raises OwnProposal and AlreadyDecided; changes nothing then."""
    grant = _open_grant(grant_id, viewer)
    if grant.proposed_by_id == viewer.user_id:
        raise OwnProposal
    grant.second_by_id = viewer.user_id
    grant.second_by_name = viewer.user_name
    return grant, _grant(grant, viewer=viewer, at=at)


@transaction.atomic
def role_refuse(grant_id: int, *, viewer: Viewer, at: datetime) -> RoleGrant:
    """End an open proposal: the proposer withdraws it, anybody else refuses it."""
    grant = _open_grant(grant_id, viewer)
    is_own = grant.proposed_by_id == viewer.user_id
    grant.state = State.WITHDRAWN if is_own else State.REFUSED
    grant.decided_at = at
    grant.save(update_fields=["state", "decided_at"])
    _record(WITHDRAWN if is_own else REFUSED, grant, viewer=viewer, at=at)
    return grant


@transaction.atomic
def membership_end(membership_id: int, *, viewer: Viewer, at: datetime) -> None:
    """Take a person's role away, at once and by one administrator. Raises LastAdministrator and NotInOrganisation."""
    Organisation.objects.select_for_update().get(pk=viewer.organisation_id)
    memberships = Membership.objects.filter(organisation_id=viewer.organisation_id).select_related("user")
    membership = memberships.filter(pk=membership_id).first()
    if membership is None:
        raise NotInOrganisation
    if membership.role == Role.ADMINISTRATOR and memberships.filter(role=Role.ADMINISTRATOR).count() == 1:
        raise LastAdministrator
    log.record(ENDED, at=at, viewer=viewer, subject=membership.user, data={"role": membership.role})
    membership.delete()


def open_invitation(token: str, *, at: datetime) -> RoleGrant:
    """The granted, unused invitation that this token opens. Raises InvitationEnded for any other token."""
    digest = hashlib.sha256(token.encode()).digest()
    grant = RoleGrant.objects.filter(token_sha256=digest, state=State.GRANTED, effective_at=None).first()
    if grant is None or grant.token_expires_at is None or grant.token_expires_at <= at:
        raise InvitationEnded
    return grant


@transaction.atomic
def invitation_accept(token: str, *, name: str, password: str, at: datetime) -> User:
    """Make the invited person's account and give them their role. Raises InvitationEnded; the token works once."""
    grant = RoleGrant.objects.select_for_update().get(pk=open_invitation(token, at=at).pk)
    if grant.effective_at is not None:
        raise InvitationEnded
    user = User.objects.create_user(grant.email, password, name=name)
    grant.user = user
    grant.save(update_fields=["user"])
    _take_effect(grant, at=at)
    log.record(ACCEPTED, at=at, actor=user, organisation=grant.organisation, subject=user, data={"role": grant.role})
    return user


def _open_grant(grant_id: int, viewer: Viewer) -> RoleGrant:
    grants = RoleGrant.objects.select_for_update().filter(organisation_id=viewer.organisation_id, state=State.PROPOSED)
    grant = grants.filter(pk=grant_id).first()
    if grant is None:
        raise AlreadyDecided
    return grant


def _grant(grant: RoleGrant, *, viewer: Viewer, at: datetime) -> str | None:
    grant.state = State.GRANTED
    grant.decided_at = at
    token = None
    if grant.user_id is None:
        token = secrets.token_urlsafe(32)
        grant.token_sha256 = hashlib.sha256(token.encode()).digest()
        grant.token_expires_at = at + INVITATION_LIFETIME
    grant.save()
    if grant.user_id is not None:
        _take_effect(grant, at=at)
    _record(GRANTED, grant, viewer=viewer, at=at)
    return token


def _take_effect(grant: RoleGrant, *, at: datetime) -> None:
    administrators = Membership.objects.filter(organisation_id=grant.organisation_id, role=Role.ADMINISTRATOR)
    if grant.role != Role.ADMINISTRATOR and set(administrators.values_list("user_id", flat=True)) == {grant.user_id}:
        raise LastAdministrator
    Membership.objects.update_or_create(
        user_id=grant.user_id, organisation_id=grant.organisation_id, defaults={"role": grant.role}
    )
    grant.effective_at = at
    grant.token_sha256 = None
    grant.save(update_fields=["effective_at", "token_sha256"])


def _record(action: str, grant: RoleGrant, *, viewer: Viewer, at: datetime) -> None:
    log.record(action, at=at, viewer=viewer, subject=grant, label=grant.email, data={"role": grant.role})
