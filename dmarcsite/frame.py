"""What the frame around every page needs to know: the request, its viewer, and one query for the organisations to choose from."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from dmarcsite.look.navigation import navigation
from dmarcsite.look.theme import chosen_theme
from reports.access import vanishes_with_demo
from reports.models import Membership
from reports.permissions import Act, may


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context of templates/base.html.

    `nav`     sections of `NavEntry(url_name, url, label, icon, active)`, only what the viewer's role allows
    `viewer`  the request's viewer; falsy for people without an organisation
    `may`     one boolean per act, by its name in lower case: `{% if may.request_rule %}`
    `may_outside_demo`  the same for acts that the role allows, but that have no place in the demo being looked at
    `theme`   "light", "dark" or "" (as the system)
    `organisations`  (slug, name) of all that this person belongs to; asked for only where a menu shows them
    `replica_lag`  seconds that the page's figures are behind the primary; None where they are the primary's
    `home`    (slug, name) of this person's own organisation while they look at the demo
    """
    viewer = getattr(request, "viewer", None)
    lag = getattr(request, "replica_lag", None)
    role = viewer.role if viewer else ""
    allowed = {act.name.lower(): may(role, act) for act in Act}
    vanishing = {act.name.lower(): vanishes_with_demo(viewer, act) if viewer else False for act in Act}
    return {
        "nav": navigation(role=role, path=request.path),
        "viewer": viewer,
        "may": {name: is_allowed and not vanishing[name] for name, is_allowed in allowed.items()},
        "may_outside_demo": {name: is_allowed and vanishing[name] for name, is_allowed in allowed.items()},
        "theme": chosen_theme(request),
        "replica_lag": None if lag is None else round(lag),
        "organisations": lambda: _organisations(request),
        "home": lambda: _home(request) if viewer and viewer.is_demo else None,
    }


def _organisations(request: HttpRequest) -> list[tuple[str, str]]:
    """In the order in which `reports.access` chooses: one's own first, the demonstration last."""
    memberships = _memberships(request).order_by("organisation__is_demo", "pk")
    return list(memberships.values_list("organisation__slug", "organisation__name"))


def _home(request: HttpRequest) -> tuple[str, str] | None:
    own = _memberships(request).filter(organisation__is_demo=False).order_by("pk")
    return own.values_list("organisation__slug", "organisation__name").first() if request.user.pk else None


def _memberships(request: HttpRequest) -> QuerySet[Membership]:
    return Membership.objects.filter(user_id=request.user.pk or 0)
