"""What the frame around every page needs to know. Reads nothing but the request and its viewer."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from dmarcsite.look.navigation import navigation
from dmarcsite.look.theme import chosen_theme
from reports.permissions import Act, may


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context of templates/base.html.

    `nav`     sections of `NavEntry(url_name, url, label, icon, active)`, only what the viewer's role allows
    `viewer`  the request's viewer; falsy for people without an organisation
    `may`     one boolean per act, by its name in lower case: `{% if may.request_rule %}`
    `theme`   "light", "dark" or "" (as the system)
    """
    viewer = getattr(request, "viewer", None)
    role = viewer.role if viewer else ""
    return {
        "nav": navigation(role=role, path=request.path),
        "viewer": viewer,
        "may": {act.name.lower(): may(role, act) for act in Act},
        "theme": chosen_theme(request),
    }
