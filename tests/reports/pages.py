"""People who log in, and what their browser would make of a page."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client
from lxml import html

from reports.access import viewer_for
from reports.models import Membership, Organisation
from reports.viewer import Viewer
from reports.vocabulary import Role

HOSTILE = "\"><script>alert(1)</script>'<img src=x onerror=alert(2)>{{ 7|add:7 }}"


def a_person(organisation: Organisation, role: Role) -> Viewer:
    user = get_user_model().objects.create_user(f"{role}@{organisation.slug}.example", name=role.value.title())
    Membership.objects.create(user=user, organisation=organisation, role=role)
    viewer = viewer_for(user)
    assert viewer is not None
    return viewer


def logged_in(organisation: Organisation, role: Role) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.get(pk=a_person(organisation, role).user_id))
    return client


def document(response: Any) -> Any:
    return html.document_fromstring(response.content.decode())


def words(response: Any) -> str:
    """The text of the page's main part, white space made single."""
    (main,) = document(response).xpath("//main")
    return " ".join(" ".join(main.itertext()).split())


def assert_inert(response: Any) -> None:
    """The hostile string is on the page as text: no script, no image, no handler, no style, no template code that ran."""
    page = document(response)
    scripts = page.xpath("//script[not(@src)][not(@type='application/json')]")
    assert [each.text for each in scripts] == []
    assert page.xpath("//img | //@style | //@*[starts-with(name(), 'on')]") == []
    assert HOSTILE in page.text_content()
