"""How allauth behaves here: nobody signs up by themselves, and the audit log knows who came in and what was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from django.contrib.auth import get_user_model

from dmarcsite.people import entrance_log

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from dmarcsite.models import User

_NOTED = {
    "account/email/password_changed": entrance_log.PASSWORD_CHANGED,
    "account/email/password_reset": entrance_log.PASSWORD_CHANGED,
    "account/email/password_set": entrance_log.PASSWORD_CHANGED,
    "mfa/email/totp_activated": entrance_log.FACTOR_ADDED,
    "mfa/email/totp_deactivated": entrance_log.FACTOR_REMOVED,
    "mfa/email/webauthn_added": entrance_log.FACTOR_ADDED,
    "mfa/email/webauthn_removed": entrance_log.FACTOR_REMOVED,
    "mfa/email/recovery_codes_generated": entrance_log.CODES_MADE,
}
"""The notices of allauth that tell of a change to how a person comes in."""


class InvitationOnlyAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """People come by invitation (dmarcsite.people.invitations), never by the sign-up form."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        entrance_log.note(entrance_log.LOGGED_IN, user, request=request)
        response: HttpResponse = super().post_login(request, user, **details)
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Only for accounts that there are, whose rate limit bounds the entries: a log that only grows is no place for
        whatever strangers make up.
        """
        user = get_user_model().objects.filter(email=str(credentials.get("email", "")).lower()).first()
        if user is not None:
            entrance_log.note(entrance_log.LOGIN_FAILED, user, request=request)

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **options: Any) -> None:
        if template_prefix in _NOTED:
            entrance_log.note(_NOTED[template_prefix], user, request=self.request or context.request)
        super().send_notification_mail(template_prefix, user, *args, **options)
