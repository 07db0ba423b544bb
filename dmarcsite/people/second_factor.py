"""Over https, approvers and administrators need a second factor before they see anything else."""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from reports.vocabulary import Role

DEMANDING = frozenset({Role.APPROVER, Role.ADMINISTRATOR})
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
"""Recovery codes stand in for one of these when it is lost; they are none by themselves."""
_OPEN_PATHS = (
    "/accounts/",
    "/static/",
    "/i18n/",
    "/theme/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/feeds/",
    "/invitations/",
)


class SecondFactorMiddleware:
    """Sends people of a demanding role to the set-up of TOTP or a passkey until they have one. Plain http asks nothing,
    since it is allowed on the own machine only.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.IS_HTTPS and not request.path.startswith(_OPEN_PATHS) and self._lacks_factor(request):
            messages.info(
                request, _("Your role needs a second factor. Set up an authenticator app or a passkey to go on.")
            )
            return redirect("mfa_index")
        return self.get_response(request)

    def _lacks_factor(self, request: HttpRequest) -> bool:
        if not request.user.is_authenticated:
            return False
        roles = set(request.user.memberships.values_list("role", flat=True))
        return bool(roles & DEMANDING) and not is_mfa_enabled(request.user, types=FACTORS)
