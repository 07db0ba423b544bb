"""Roles: proposed by one administrator, and seconded by another once an organisation has two. The only writer of them.

Every act is written to the audit log in the same transaction.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from dmarcsite.models import RoleGrant, User
from dmarcsite.people.errors import (
    AlreadyDecided,
    AlreadyOpen,
    DemoPerson,
    InvitationEnded,
    LastAdministrator,
    NotInOrganisation,
    OtherAdministrator,
    OwnProposal,
    SecondMissing,
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
    return _administrators(organisation_id) >= _SECOND_NEEDED_FROM


@transaction.atomic
def role_propose(*, viewer: Viewer, email: str, role: Role, at: datetime) -> tuple[RoleGrant, str | None]:
    """Propose a role for a person, known or not; granted at once while there is no second administrator to ask.

    Returns the grant and, for a person without an account, the invitation's token (shown once). Raises AlreadyOpen and
    DemoPerson.
    """
    email = email.strip().lower()
    user = User.objects.filter(email=email).first()
    if user is not None and user.is_demo:
        raise DemoPerson
    try:
        with transaction.atomic():
            grant = RoleGrant.objects.create(
                organisation_id=viewer.organisation_id,
                email=email,
                role=role,
                proposed_by_id=viewer.user_id,
                proposed_by_name=viewer.user_name,
                proposed_at=at,
                user=user,
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
    """End an open proposal, or an invitation that nobody took: the proposer withdraws it, anybody else refuses it."""
    grant = _open_grant(grant_id, viewer, with_invitations=True)
    is_own = grant.proposed_by_id == viewer.user_id
    grant.state = State.WITHDRAWN if is_own else State.REFUSED
    grant.decided_at = at
    grant.token_sha256 = None
    grant.save(update_fields=["state", "decided_at", "token_sha256"])
    _record(WITHDRAWN if is_own else REFUSED, grant, viewer=viewer, at=at)
    return grant


@transaction.atomic
def membership_end(membership_id: int, *, viewer: Viewer, at: datetime) -> None:
    """Take a person's role away, at once and by one administrator. One of two never takes the other's: whoever is left
    alone grants roles alone. Raises LastAdministrator, OtherAdministrator and NotInOrganisation."""
    membership = _membership(viewer.organisation_id, pk=membership_id)
    is_other = membership.user_id != viewer.user_id
    if (
        is_other
        and membership.role == Role.ADMINISTRATOR
        and _administrators(viewer.organisation_id) == _SECOND_NEEDED_FROM
    ):
        raise OtherAdministrator
    _end(membership)
    log.record(ENDED, at=at, viewer=viewer, subject=membership.user, data={"role": membership.role})


@transaction.atomic
def membership_end_by_system(email: str, *, organisation_slug: str, reason: str, at: datetime) -> None:
    """Take a role away on behalf of whoever runs the server. Raises LastAdministrator and NotInOrganisation."""
    organisation = Organisation.objects.filter(slug=organisation_slug).first()
    if organisation is None:
        raise NotInOrganisation
    membership = _membership(organisation.pk, user__email=email.strip().lower())
    _end(membership)
    data = {"role": membership.role}
    log.record(ENDED, at=at, organisation=organisation, subject=membership.user, reason=reason, data=data)


def open_invitation(token: str, *, at: datetime) -> RoleGrant:
    """The granted, unused invitation that this token opens. Raises InvitationEnded for any other token."""
    digest = hashlib.sha256(token.encode()).digest()
    grant = RoleGrant.objects.filter(token_sha256=digest, state=State.GRANTED, effective_at=None).first()
    if grant is None or grant.token_expires_at is None or grant.token_expires_at <= at:
        raise InvitationEnded
    return grant


@transaction.atomic
def invitation_accept(token: str, *, name: str, password: str, at: datetime) -> User:
    """Make the invited person's account and give them their role; the token works once.

    Raises InvitationEnded, also where the person got an account meanwhile, and SecondMissing.
    """
    grant = RoleGrant.objects.select_for_update().get(pk=open_invitation(token, at=at).pk)
    if grant.effective_at is not None or grant.state != State.GRANTED:
        raise InvitationEnded
    if User.objects.filter(email=grant.email).exists():
        raise InvitationEnded
    if grant.second_by_id is None and needs_second(grant.organisation_id):
        raise SecondMissing
    user = User.objects.create_user(grant.email, password, name=name)
    grant.user = user
    grant.save(update_fields=["user"])
    _take_effect(grant, at=at)
    log.record(ACCEPTED, at=at, actor=user, organisation=grant.organisation, subject=user, data={"role": grant.role})
    return user


def _membership(organisation_id: int, **which: object) -> Membership:
    """The membership, behind a lock that lets one removal after the other count the administrators."""
    Organisation.objects.select_for_update().get(pk=organisation_id)
    membership = Membership.objects.filter(organisation_id=organisation_id, **which).select_related("user").first()
    if membership is None:
        raise NotInOrganisation
    return membership


def _end(membership: Membership) -> None:
    if membership.role == Role.ADMINISTRATOR and _administrators(membership.organisation_id) == 1:
        raise LastAdministrator
    membership.delete()


def _administrators(organisation_id: int) -> int:
    return Membership.objects.filter(organisation_id=organisation_id, role=Role.ADMINISTRATOR).count()


def _open_grant(grant_id: int, viewer: Viewer, *, with_invitations: bool = False) -> RoleGrant:
    is_open = Q(state=State.PROPOSED)
    if with_invitations:
        is_open |= Q(state=State.GRANTED, effective_at=None)
    grants = RoleGrant.objects.select_for_update().filter(is_open, organisation_id=viewer.organisation_id)
    grant = grants.filter(pk=grant_id).first()
    if grant is None:
        raise AlreadyDecided
    return grant


def _grant(grant: RoleGrant, *, viewer: Viewer, at: datetime) -> str | None:
    grant.state = State.GRANTED
    grant.decided_at = at
    token = None
    if grant.user_id is None:
        _end_invitations(grant)
        token = secrets.token_urlsafe(32)
        grant.token_sha256 = hashlib.sha256(token.encode()).digest()
        grant.token_expires_at = at + INVITATION_LIFETIME
    grant.save()
    if grant.user_id is not None:
        _take_effect(grant, at=at)
    _record(GRANTED, grant, viewer=viewer, at=at)
    return token


def _end_invitations(grant: RoleGrant) -> None:
    """A new invitation takes the place of earlier ones to the same person: a link that went astray ends with it."""
    earlier = RoleGrant.objects.filter(
        organisation_id=grant.organisation_id, email=grant.email, state=State.GRANTED, effective_at=None
    )
    earlier.exclude(pk=grant.pk).update(state=State.WITHDRAWN, token_sha256=None)


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
