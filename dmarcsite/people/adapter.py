"""How allauth behaves here: nobody signs up by themselves."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitationOnlyAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """People come by invitation (dmarcsite.people.invitations), never by the sign-up form."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
