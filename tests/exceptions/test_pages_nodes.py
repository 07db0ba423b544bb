"""Filter nodes by page: enrolled with secrets shown once, silent ones raise the alarm, and only administrators act."""

from __future__ import annotations

import hashlib
import tomllib
from datetime import timedelta

import pytest
from django.utils import timezone

from exceptions.publishing.keys import public_keys
from exceptions.publishing.publish import publish
from reports.inbound.nodes import enrol_node, node_with_token
from reports.models import Node
from reports.vocabulary import Role
from tests.exceptions.cast import Cast, a_cast, a_person, an_organisation
from tests.exceptions.pages import alert, as_person, field_errors, text, tree


@pytest.fixture
def cast(db: None) -> Cast:
    return a_cast()


def a_node(cast: Cast, **changes: object) -> Node:
    node, _ = enrol_node(viewer=cast.cy, name="mx1.example.com", at=timezone.now())
    Node.objects.filter(pk=node.pk).update(**changes)
    node.refresh_from_db()
    return node


def test_a_new_node_is_shown_its_token_and_configuration_once(cast: Cast) -> None:
    answer = as_person(cast.cy).post("/nodes/enrol/", {"name": "mx1.example.com"})
    node = Node.objects.get()
    token, configuration = (
        tree(answer).xpath("//code[contains(@class, 'secret')]")[0].text,
        tomllib.loads(tree(answer).xpath("//pre")[0].text_content()),
    )
    assert bytes(node.token_sha256) == hashlib.sha256(token.encode()).digest()
    assert (configuration["node"], configuration["organisation"]) == (node.slug, "ours")
    assert configuration["public_keys"] == public_keys(at=timezone.now())
    assert "no-store" in answer["Cache-Control"]
    assert token not in as_person(cast.cy).get("/nodes/").content.decode()


def test_a_name_is_needed_and_taken_once(cast: Cast) -> None:
    a_node(cast)
    client = as_person(cast.cy)
    for name in ("", "  ", "\0"):
        assert client.post("/nodes/enrol/", {"name": name}).status_code == 422
    answer = client.post("/nodes/enrol/", {"name": "mx1.example.com"})
    assert answer.status_code == 422
    assert field_errors(answer) == {"name": ["A node of this name exists already. Choose another name."]}
    assert Node.objects.count() == 1


def test_a_renewed_token_voids_the_old_one(cast: Cast) -> None:
    node, old = enrol_node(viewer=cast.cy, name="mx1", at=timezone.now())
    answer = as_person(cast.cy).post(f"/nodes/{node.pk}/renew/")
    new = tree(answer).xpath("//code[contains(@class, 'secret')]")[0].text
    assert node_with_token(node.slug, old) is None
    assert node_with_token(node.slug, new) == node


def test_shutting_out_asks_first_and_happens_once(cast: Cast) -> None:
    node = a_node(cast)
    client = as_person(cast.cy)
    assert "Shut mx1.example.com out for good?" in text(client.get(f"/nodes/{node.pk}/revoke/"))
    assert client.post(f"/nodes/{node.pk}/revoke/").status_code == 302
    node.refresh_from_db()
    assert node.revoked_at is not None
    answer = client.post(f"/nodes/{node.pk}/revoke/")
    assert (answer.status_code, alert(answer)) == (409, "This node is shut out. Enrol it anew under another name.")


def test_an_hour_of_silence_raises_the_alarm(cast: Cast) -> None:
    now = timezone.now()
    node = a_node(cast, last_contact_at=now - timedelta(minutes=59))
    client = as_person(cast.dan)
    assert alert(client.get("/nodes/")) == ""
    Node.objects.filter(pk=node.pk).update(last_contact_at=now - timedelta(minutes=61))
    assert alert(client.get("/nodes/")).startswith("mx1.example.com was last heard of 1 hour ago.")
    Node.objects.filter(pk=node.pk).update(revoked_at=now)
    assert alert(client.get("/nodes/")) == ""


def test_a_node_that_enforces_an_older_policy_is_late_and_says_by_how_much(cast: Cast) -> None:
    now = timezone.now()
    number = publish(organisation_id=cast.organisation.pk, at=now, above=140).number
    node = a_node(cast, last_contact_at=now, live_number=number - 2, live_since=now - timedelta(hours=2))
    client = as_person(cast.dan)
    page = text(client.get("/nodes/"))
    assert "Newest policy: number 141" in page
    assert "number 139" in page
    assert "2 policies behind" in page
    assert "Late" in page
    Node.objects.filter(pk=node.pk).update(live_number=number)
    page = text(client.get("/nodes/"))
    assert "behind" not in page
    assert "Working" in page


def test_a_clock_that_is_wrong_is_pointed_out(cast: Cast) -> None:
    node = a_node(cast, last_contact_at=timezone.now(), clock_skew_seconds=60)
    client = as_person(cast.dan)
    assert "rules start and end at the wrong time" not in text(client.get("/nodes/"))
    Node.objects.filter(pk=node.pk).update(clock_skew_seconds=-61)
    assert "-61 s off: rules start and end at the wrong time" in text(client.get("/nodes/"))


@pytest.mark.parametrize("who", ["dan", "ann", "bob", "eve"])
def test_only_administrators_act_on_nodes(cast: Cast, who: str) -> None:
    node = a_node(cast)
    client = as_person(getattr(cast, who))
    page = client.get("/nodes/")
    assert page.status_code == 200
    assert tree(page).xpath("//main//form") == []
    for url in ("/nodes/enrol/", f"/nodes/{node.pk}/renew/", f"/nodes/{node.pk}/revoke/"):
        assert client.post(url, {"name": "mine"}).status_code == 403
    assert list(Node.objects.values_list("name", "revoked_at", "token_sha256")) == [
        ("mx1.example.com", None, node.token_sha256)
    ]


def test_nodes_of_another_organisation_are_not_found(cast: Cast) -> None:
    node = a_node(cast)
    client = as_person(a_person("Stranger", Role.ADMINISTRATOR, an_organisation("Theirs")))
    assert "mx1.example.com" not in text(client.get("/nodes/")).replace(
        "Such as the name of its host: mx1.example.com", ""
    )
    assert client.post(f"/nodes/{node.pk}/renew/").status_code == 404
    assert client.post(f"/nodes/{node.pk}/revoke/").status_code == 404
