"""The feed over HTTP: who gets in, what comes out, how long it waits, and what nobody can break."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from exceptions import signing
from exceptions.agent.config import Config
from exceptions.agent.server import Server
from exceptions.engine.policy import Policy, parse_policy
from exceptions.errors import AgentError
from exceptions.lifecycle import services
from exceptions.models import Snapshot
from exceptions.publishing import serving
from exceptions.publishing.keys import public_keys
from exceptions.publishing.publish import RAISE_EVERY, publish
from exceptions.tasks import publish_policies
from exceptions.vocabulary import RuleState
from reports.inbound.nodes import Node, enrol_node, revoke_node
from reports.models import Domain, InboundEvent
from reports.vocabulary import DomainKind
from tests.exceptions.cast import Cast, a_cast, a_rule, an_organisation


@dataclass(frozen=True)
class Site:
    cast: Cast
    node: Node
    token: str

    def url(self, what: str) -> str:
        return f"/feeds/v1/{self.node.slug}/{what}"

    def get(self, what: str = "policy.json", **headers: str) -> Any:
        return Client(headers={"Authorization": f"Bearer {self.token}", **headers}).get(self.url(what))

    def post(self, what: str, body: object) -> Any:
        client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {self.token}"})
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(self.url(what), data=data, content_type="application/json")

    def approve_a_rule(self) -> Any:
        now = timezone.now()
        return a_rule(self.cast, state=RuleState.APPROVED, at=now, starts_at=now, expires_at=now + timedelta(days=30))


def a_site() -> Site:
    cast = a_cast()
    node, token = enrol_node(viewer=cast.cy, name="mx 1", at=timezone.now())
    return Site(cast, node, token)


@pytest.fixture
def site(db: None) -> Site:
    return a_site()


def read(response: Any, site: Site) -> Policy:
    """The policy in the answer, taken as a node takes it."""
    assert response.status_code == 200
    keys = signing.public_keys(public_keys(at=timezone.now()))
    signing.verify(response.content, response.headers["Sekimori-Signature"], keys)
    policy = parse_policy(response.content)
    assert (policy.node, policy.organisation) == (site.node.slug, "ours")
    return policy


# --- Who gets in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer {token} x",
        "Bearer \u00e9",
    ],
)
@pytest.mark.parametrize(("method", "what"), [("get", "policy.json"), ("post", "events"), ("post", "status")])
def test_a_stranger_gets_nothing_and_learns_nothing(site: Site, authorization: str, method: str, what: str) -> None:
    headers = {"Authorization": authorization.format(token=site.token)}
    for url in (site.url(what), f"/feeds/v1/unknown/{what}"):
        response = getattr(Client(), method)(url, headers=headers, content_type="application/json")
        assert response.status_code == 401
        assert response.json() == {"error": {"code": "unauthorised"}}
        assert response.headers["WWW-Authenticate"] == "Bearer"
    assert (Snapshot.objects.count(), InboundEvent.objects.count()) == (0, 0)


def test_the_token_of_one_node_opens_no_other(site: Site) -> None:
    theirs = a_cast(an_organisation("Theirs"))
    other, _ = enrol_node(viewer=theirs.cy, name="mx 1", at=timezone.now())
    response = Client().get(f"/feeds/v1/{other.slug}/policy.json", headers={"Authorization": f"Bearer {site.token}"})
    assert response.status_code == 401


def test_a_revoked_node_is_shut_out_at_once(site: Site) -> None:
    assert site.get().status_code == 200
    revoke_node(site.node, viewer=site.cast.cy, at=timezone.now())
    assert [site.get().status_code, site.post("events", {}).status_code, site.post("status", {}).status_code] == [
        401
    ] * 3


def test_a_feed_sets_no_cookie_and_needs_none(site: Site) -> None:
    assert not site.get().cookies
    assert not site.post("events", {}).cookies


@pytest.mark.parametrize(
    ("method", "what", "allowed"),
    [
        ("post", "policy.json", "GET, HEAD"),
        ("put", "policy.json", "GET, HEAD"),
        ("get", "events", "POST"),
        ("delete", "status", "POST"),
    ],
)
def test_other_methods_are_refused(site: Site, method: str, what: str, allowed: str) -> None:
    response = getattr(Client(), method)(site.url(what), headers={"Authorization": f"Bearer {site.token}"})
    assert (response.status_code, response.headers["Allow"]) == (405, allowed)


# --- The policy ----------------------------------------------------------------------------------------------------


def test_a_node_gets_its_policy_before_any_task_has_run(site: Site) -> None:
    rule = site.approve_a_rule()
    policy = read(site.get(), site)
    assert (policy.number, [each.id for each in policy.rules]) == (1, [rule.reference])


def test_a_policy_without_rules_is_not_empty(site: Site) -> None:
    response = site.get()
    assert read(response, site).rules == ()
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Content-Length"] == str(len(response.content))
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_a_node_that_has_the_policy_is_told_so(site: Site) -> None:
    etag = site.get().headers["ETag"]
    response = site.get(**{"If-None-Match": etag})
    assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", etag)


def test_a_revocation_is_served_to_the_next_request_though_no_task_has_run(site: Site) -> None:
    rule = site.approve_a_rule()
    etag = site.get().headers["ETag"]
    services.rule_revoke(rule, viewer=site.cast.ann, reason="No longer needed.", at=timezone.now())
    policy = read(site.get(**{"If-None-Match": etag}), site)
    assert (policy.number, policy.rules) == (2, ())


def test_head_tells_the_same_without_the_body(site: Site) -> None:
    got = site.get()
    head = Client().head(site.url("policy.json"), {"wait": "25"}, headers={"Authorization": f"Bearer {site.token}"})
    assert (head.status_code, head.content) == (200, b"")
    for name in ("ETag", "Sekimori-Signature", "Content-Length", "Content-Type"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    ("formats", "status"),
    [("sekimori-policy/1", 200), ("sekimori-policy/2, sekimori-policy/1", 200), ("sekimori-policy/2", 406)],
)
def test_the_format_is_agreed(site: Site, formats: str, status: int) -> None:
    response = site.get(**{"Sekimori-Formats": formats})
    assert response.status_code == status
    if status == 406:
        assert response.json() == {"error": {"code": "no_common_format"}}


def test_a_policy_that_cannot_be_published_leaves_the_last_good_one_in_service(site: Site) -> None:
    before = read(site.get(), site)
    Domain.objects.create(organisation=site.cast.organisation, name="no domain", kind=DomainKind.PARTNER)
    assert read(site.get(), site) == before


def test_without_any_policy_the_answer_is_an_error_and_not_an_empty_one(site: Site) -> None:
    Domain.objects.create(organisation=site.cast.organisation, name="no domain", kind=DomainKind.PARTNER)
    response = site.get()
    assert (response.status_code, response.json()) == (503, {"error": {"code": "nothing_published"}})


@pytest.mark.django_db
def test_a_node_of_the_demo_gets_no_policy() -> None:
    demo = a_cast(an_organisation("Demo", is_demo=True))
    node, token = enrol_node(viewer=demo.cy, name="mx 1", at=timezone.now())
    response = Site(demo, node, token).get()
    assert response.status_code == 503


@pytest.mark.parametrize("wait", ["x", "-1", "1e9", "", "²", "0"])
def test_a_wait_that_is_no_number_is_none(site: Site, wait: str) -> None:
    etag = site.get().headers["ETag"]
    begun = time.monotonic()
    assert site.get(f"policy.json?wait={wait}", **{"If-None-Match": etag}).status_code == 304
    assert time.monotonic() - begun < 5


def test_contact_is_noted(site: Site) -> None:
    site.get()
    site.node.refresh_from_db()
    assert site.node.last_contact_at is not None


# --- Waiting -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_waiting_node_hears_of_a_new_policy_within_seconds() -> None:
    """The request waits on one connection while the rule is approved and published on another."""
    site = a_site()
    etag = site.get().headers["ETag"]
    started = threading.Event()

    def wait() -> tuple[Policy, float]:
        try:
            started.set()
            response = site.get("policy.json?wait=25", **{"If-None-Match": etag})
            return read(response, site), time.monotonic()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        started.wait(timeout=10)
        rule = site.approve_a_rule()
        publish_policies()
        published = time.monotonic()
        policy, heard = waiting.result(timeout=30)
    assert [each.id for each in policy.rules] == [rule.reference]
    assert heard - published < 3


@pytest.mark.django_db(transaction=True)
def test_a_wait_ends_with_its_time() -> None:
    site = a_site()
    etag = site.get().headers["ETag"]
    begun = time.monotonic()
    assert site.get("policy.json?wait=1", **{"If-None-Match": etag}).status_code == 304
    assert 1 <= time.monotonic() - begun < 5


@pytest.mark.django_db(transaction=True)
def test_a_waiting_request_holds_no_transaction() -> None:
    site = a_site()
    etag = site.get().headers["ETag"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_get_and_close, site, etag)
        oldest = 0.0
        while not waiting.done():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(xact_start)), 0)::float"
                    " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                oldest = max(oldest, *cursor.fetchone())
        assert waiting.result() == 304
    assert oldest < 1


def _get_and_close(site: Site, etag: str) -> int:
    try:
        return int(site.get("policy.json?wait=3", **{"If-None-Match": etag}).status_code)
    finally:
        connection.close()


def test_more_waiting_requests_than_a_process_can_bear_are_answered_at_once(site: Site) -> None:
    etag = site.get().headers["ETag"]
    taken = [serving._waiting.acquire(blocking=False) for _ in range(serving.MAX_WAITING)]
    try:
        begun = time.monotonic()
        assert site.get("policy.json?wait=25", **{"If-None-Match": etag}).status_code == 304
        assert time.monotonic() - begun < 5
    finally:
        for _ in taken:
            serving._waiting.release()


# --- Events and status ---------------------------------------------------------------------------------------------


def an_event(number: int = 1) -> dict[str, Any]:
    return {
        "id": f"mx.{number}",
        "at": time.time(),
        "source_ip": "198.51.100.25",
        "header_from": "example.com",
        "verdict": "accept",
        "rule_id": "EX-1",
    }


def test_events_are_stored_once(site: Site) -> None:
    body = {"events": [an_event(1), an_event(2), "?"], "passes": []}
    first, again = site.post("events", body), site.post("events", body)
    assert (first.status_code, first.json()) == (200, {"accepted": 2, "duplicates": 0, "refused": 1})
    assert again.json() == {"accepted": 0, "duplicates": 2, "refused": 1}
    assert InboundEvent.objects.filter(node=site.node).count() == 2


@pytest.mark.parametrize("what", ["events", "status"])
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "not_json"),
        (b"{", 400, "not_json"),
        (b"\xff\xfe", 400, "not_json"),
        (b'{"at": NaN}', 400, "not_json"),
        (b"[" * 100_000, 400, "not_json"),
        (b"[]", 422, "not_an_object"),
        (b"null", 422, "not_an_object"),
        (b'"' + b"x" * (4 * 1024 * 1024) + b'"', 413, "too_large"),
    ],
    ids=["empty", "cut", "binary", "nan", "deep", "list", "null", "large"],
)
def test_a_bad_body_is_refused_with_a_code(site: Site, what: str, body: bytes, status: int, code: str) -> None:
    response = site.post(what, body)
    assert (response.status_code, response.json()) == (status, {"error": {"code": code}})
    assert InboundEvent.objects.count() == 0


def test_too_many_entries_are_refused_so_that_the_agent_sends_fewer(site: Site) -> None:
    response = site.post("events", {"events": [an_event(number) for number in range(1001)]})
    assert (response.status_code, response.json()) == (413, {"error": {"code": "too_many_entries"}})


def test_a_status_is_answered_with_the_number_that_the_node_should_have(site: Site) -> None:
    assert site.post("status", {"live_number": 0}).json() == {"number": 0}
    site.get()
    response = site.post("status", {"live_number": 0, "clock": int(time.time()), "filter": "rspamd 3.4"})
    assert (response.status_code, response.json()) == (200, {"number": 1})
    site.node.refresh_from_db()
    assert site.node.filter_version == "rspamd 3.4"


def test_after_a_restored_backup_the_node_gets_a_policy_that_it_will_take(site: Site) -> None:
    publish(organisation_id=site.node.organisation_id, at=timezone.now() - RAISE_EVERY)
    assert site.post("status", {"live_number": 140, "live_sha256": "0" * 64}).json() == {"number": 141}
    assert read(site.get(), site).number == 141


# --- With the agent's own client over a real server ----------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_agent_speaks_with_the_feed(live_server: LiveServer, tmp_path: Path) -> None:
    site = a_site()
    rule = site.approve_a_rule()
    server = Server(agent_config(site, live_server.url, tmp_path, token=site.token))
    fetched = server.policy()
    assert fetched is not None
    signing.verify(fetched.body, fetched.signature, signing.public_keys(public_keys(at=timezone.now())))
    assert [each.id for each in parse_policy(fetched.body).rules] == [rule.reference]
    assert server.policy(etag=fetched.etag, wait=1) is None
    assert server.post("events", {"events": [an_event()], "passes": []})["accepted"] == 1
    assert server.post("status", {"live_number": 1}) == {"number": 1}
    stranger = Server(agent_config(site, live_server.url, tmp_path, token="wrong"))
    with pytest.raises(AgentError) as caught:
        stranger.policy()
    assert caught.value.params["status"] == 401


def agent_config(site: Site, url: str, folder: Path, *, token: str) -> Config:
    token_file = folder / f"{token[:8]}.token"
    token_file.write_text(token)
    return Config(
        server=url,
        node=site.node.slug,
        organisation="ours",
        token_file=token_file,
        keys=signing.public_keys(public_keys(at=timezone.now())),
        directory=folder,
        redis="",
        stream="",
        ca_file="",
        filter="rspamd 3.4",
    )
