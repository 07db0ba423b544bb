"""People: who they are and how they prove it. What they may do is a Membership per organisation (reports)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reports.models import Organisation
from reports.vocabulary import Role


class UserManager(BaseUserManager["User"]):
    """Makes people by e-mail address. There are no superusers: whatever a person may do comes from memberships."""

    def create_user(self, email: str, password: str | None = None, *, name: str = "", is_demo: bool = False) -> User:
        user = self.model(email=email.strip().lower(), name=name, is_demo=is_demo)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person, known by their e-mail address. Removed people are deactivated, so that names in history stay true.

    `is_demo` marks the people whom the demonstration brings and takes away again; they have no role anywhere else.
    """

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once_in_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class RoleGrant(models.Model):
    """A role that somebody is to have in an organisation, from the wish to its end. The invitation is the same row.

    It takes effect when it is GRANTED and the person is known: at once for a person with an account, else when the
    invitation is accepted. `second_by` is the second administrator, needed once an organisation has two of them; the
    database refuses the membership otherwise (migration 0003). Names are copied, so that history outlives people.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        GRANTED = "granted"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="role_grants")
    email = models.EmailField()
    role = models.CharField(max_length=13, choices=[(role.value, role.value) for role in Role])
    state = models.CharField(max_length=9, choices=State.choices, default=State.PROPOSED)
    proposed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    proposed_by_name = models.CharField(max_length=320)
    proposed_at = models.DateTimeField()
    second_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    second_by_name = models.CharField(max_length=320, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    token_sha256 = models.BinaryField(max_length=32, null=True, blank=True, unique=True)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="role_grants")
    effective_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "organisation", Lower("email"), condition=models.Q(state="proposed"), name="role_grant_one_open"
            ),
            models.CheckConstraint(
                condition=models.Q(second_by__isnull=True) | ~models.Q(second_by=models.F("proposed_by")),
                name="role_grant_four_eyes",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="granted") | models.Q(decided_at__isnull=False),
                name="role_grant_granted_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.role}"
