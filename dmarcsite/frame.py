"""What the frame around every page needs to know: the request, its viewer, and one query for the organisations to choose from."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from dmarcsite.look.navigation import navigation
from dmarcsite.look.theme import chosen_theme
from reports.models import Membership
from reports.permissions import Act, may


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context of templates/base.html.

    `nav`     sections of `NavEntry(url_name, url, label, icon, active)`, only what the viewer's role allows
    `viewer`  the request's viewer; falsy for people without an organisation
    `may`     one boolean per act, by its name in lower case: `{% if may.request_rule %}`
    `theme`   "light", "dark" or "" (as the system)
    `organisations`  (slug, name) of all that this person belongs to; asked for only where a menu shows them
    """
    viewer = getattr(request, "viewer", None)
    role = viewer.role if viewer else ""
    return {
        "nav": navigation(role=role, path=request.path),
        "viewer": viewer,
        "may": {act.name.lower(): may(role, act) for act in Act},
        "theme": chosen_theme(request),
        "organisations": lambda: _organisations(request),
    }


def _organisations(request: HttpRequest) -> list[tuple[str, str]]:
    """In the order in which `reports.access` chooses: one's own first, the demonstration last."""
    memberships = Membership.objects.filter(user_id=request.user.pk or 0).order_by("organisation__is_demo", "pk")
    return list(memberships.values_list("organisation__slug", "organisation__name"))
