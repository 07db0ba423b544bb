"""Owns people who use the site over HTTP without a browser: log in, look, send forms, invite others. Judges nothing."""

from __future__ import annotations

import re
from typing import Any

import httpx

from tests.website.site import ADMINISTRATOR, PASSWORD, Site

_INVITATION = re.compile(r"https?://[^\s\"<]+(/invitations/[^\s\"<]+/)")


class Visitor:
    """One person with their cookies."""

    def __init__(self, site: Site) -> None:
        # Each request has a connection of its own: the server may close one after a body that it did not want to read.
        limits = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.Client(base_url=site.url, timeout=60, headers={"Accept-Language": "en"}, limits=limits)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Look at a page; redirections are not followed."""
        return self.http.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> httpx.Response:
        """Send a form as a page of ours would, with the token against forgery."""
        headers = {"X-CSRFToken": self.http.cookies.get("csrftoken", "") or "", **options.pop("headers", {})}
        return self.http.post(path, data=data, headers=headers, **options)

    @property
    def cookies(self) -> list[dict[str, str]]:
        """The cookies as a browser takes them."""
        url = str(self.http.base_url)
        return [{"name": each.name, "value": each.value or "", "url": url} for each in self.http.cookies.jar]

    def log_in(self, email: str, password: str = PASSWORD) -> None:
        """Through the login page; fails the test where it lets nobody in."""
        self.get("/accounts/login/")
        answer = self.post("/accounts/login/", {"login": email, "password": password})
        assert answer.status_code == 302, f"{email} was not let in: {answer.status_code} {answer.text[:400]}"

    def choose_organisation(self, slug: str) -> None:
        """Look at another organisation from now on."""
        assert self.post("/organisation/", {"organisation": slug}).status_code == 302


def administrator(site: Site) -> Visitor:
    """The first administrator, logged in."""
    visitor = Visitor(site)
    visitor.log_in(ADMINISTRATOR)
    return visitor


def invited(site: Site, inviter: Visitor, *, email: str, name: str, role: str) -> Visitor:
    """A new person, who came through the link that the administrator was shown; logged in."""
    shown = inviter.post("/people/propose/", {"email": email, "role": role})
    link = _INVITATION.search(shown.text)
    assert link, f"no invitation for {email}: {shown.status_code} {shown.text[:400]}"
    visitor = Visitor(site)
    visitor.get(link[1])
    answer = visitor.post(link[1], {"name": name, "password": PASSWORD})
    assert answer.status_code == 302, f"the invitation of {email} did not work: {answer.status_code}"
    return visitor
