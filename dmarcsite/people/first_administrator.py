"""The first start: one organisation and its first administrator, made once and never again."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from dmarcsite.models import User
from reports.audit import log
from reports.audit.actions import register
from reports.models import Domain, Membership, Organisation
from reports.vocabulary import DomainKind, Role

_PASSWORD_BYTES = 15
MADE = register("people.first_administrator.made")


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    """Who was made, with the password if it was generated (shown once, stored only as a hash)."""

    email: str
    generated_password: str | None


@transaction.atomic
def make_first_administrator(*, email: str, password: str) -> FirstAdministrator | None:
    """Make the first organisation and administrator; None where an administrator exists already.

    Raises ValidationError for an address that is none. A given password is taken as it is: whoever sets the
    environment owns the installation.
    """
    if Membership.objects.filter(role=Role.ADMINISTRATOR, organisation__is_demo=False).exists():
        return None
    validate_email(email)
    organisation = make_organisation(name="Organisation", slug="organisation")
    generated = None if password else secrets.token_urlsafe(_PASSWORD_BYTES)
    user = User.objects.create_user(email, password or generated)
    Membership.objects.create(user=user, organisation=organisation, role=Role.ADMINISTRATOR)
    log.record(MADE, at=timezone.now(), actor=user, organisation=organisation, subject=user)
    return FirstAdministrator(email=user.email, generated_password=generated)


def make_organisation(
    *,
    name: str,
    slug: str,
    is_demo: bool = False,
    own_reporters: Sequence[str] = (),
    trusted_authserv_ids: Sequence[str] = (),
    at: datetime | None = None,
) -> Organisation:
    """Make an organisation with the one Domain row that stands for all From domains that are not its own."""
    organisation = Organisation.objects.create(
        name=name,
        slug=slug,
        is_demo=is_demo,
        own_reporters=list(own_reporters),
        trusted_authserv_ids=list(trusted_authserv_ids),
        created_at=at or timezone.now(),
    )
    Domain.objects.create(organisation=organisation, name="*", kind=DomainKind.FOREIGN)
    return organisation
