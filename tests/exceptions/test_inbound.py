"""What nodes tell is stored once, bounded and believed in nothing; tokens prove who tells it."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection

from reports.errors import InboundRefused
from reports.inbound.events import Receipt, record_events
from reports.inbound.nodes import enrol_node, node_with_token, note_contact, renew_token, revoke_node
from reports.inbound.status import record_status
from reports.models import AuditEntry, InboundEvent, Node, PassCount, Source, SourceDay
from reports.sealing import Purpose, unseal
from reports.vocabulary import Role
from tests.exceptions.cast import NOW, Cast, a_cast, a_person, an_organisation

SECONDS = int(NOW.timestamp())
HOUR = SECONDS // 3600 * 3600


@pytest.fixture
def cast(db: None) -> Cast:
    return a_cast()


@pytest.fixture
def node(cast: Cast) -> Node:
    return enrol_node(viewer=cast.cy, name="mx 1", at=NOW)[0]


def an_event(**changes: Any) -> dict[str, Any]:
    return {
        "id": "mx-1.4b1",
        "at": SECONDS - 60,
        "queue_id": "4B1",
        "source_ip": "198.51.100.25",
        "helo": "mail.vendor.example",
        "ptr": "mail.vendor.example",
        "header_from": "example.com",
        "envelope_from": "vendor.example",
        "recipients": ["payroll@example.com", "staff@example.com"],
        "spf": "pass",
        "dkim": [{"domain": "vendor.example", "result": "pass"}],
        "policy_domain": "example.com",
        "published": "reject",
        "mode": "reject",
        "verdict": "accept",
        "would_be": "reject",
        "rule_id": "EX-12",
        "number": 141,
        "action": "no action",
        **changes,
    }


def a_count(**changes: Any) -> dict[str, Any]:
    return {
        "at": HOUR,
        "source_ip": "198.51.100.7",
        "header_from": "example.com",
        "count": 40,
        "batch": "b1",
        **changes,
    }


def store(node: Node, *events: Any, passes: Any = (), at: datetime = NOW) -> Receipt:
    return record_events(node, {"events": list(events), "passes": list(passes)}, at=at)


# --- Nodes ---------------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_only_its_hash_is_kept(cast: Cast) -> None:
    node, token = enrol_node(viewer=cast.cy, name="  mx   1 ", at=NOW)
    assert node.name == "mx 1"
    assert bytes(node.token_sha256) == hashlib.sha256(token.encode()).digest()
    assert token not in json.dumps(list(AuditEntry.objects.values_list("data", flat=True)))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_name, entry.object_label) == ("reports.node.enrolled", "Cy", "mx 1")
    assert node_with_token(node.slug, token) == node


def test_a_host_name_stays_readable_in_the_name_that_its_agent_uses(cast: Cast) -> None:
    node, _token = enrol_node(viewer=cast.cy, name="mx1.example.com", at=NOW)
    assert node.slug.rpartition("-")[0] == "mx1-example-com"


def test_only_its_own_token_proves_a_node(cast: Cast) -> None:
    one, token = enrol_node(viewer=cast.cy, name="mx 1", at=NOW)
    two, other = enrol_node(viewer=cast.cy, name="mx 2", at=NOW)
    assert [node_with_token(one.slug, wrong) for wrong in ("", token + "x", other, token[:-1])] == [None] * 4
    assert node_with_token("unknown", token) is None
    assert (node_with_token(one.slug, token), node_with_token(two.slug, other)) == (one, two)


def test_a_revoked_node_and_a_replaced_token_prove_nothing(cast: Cast) -> None:
    node, token = enrol_node(viewer=cast.cy, name="mx 1", at=NOW)
    second = renew_token(node, viewer=cast.cy, at=NOW)
    assert (node_with_token(node.slug, token), node_with_token(node.slug, second)) == (None, node)
    revoke_node(node, viewer=cast.cy, reason="Sold.", at=NOW)
    assert node_with_token(node.slug, second) is None
    with pytest.raises(InboundRefused, match="node_revoked"):
        renew_token(node, viewer=cast.cy, at=NOW)
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == [
        "reports.node.enrolled",
        "reports.node.token_renewed",
        "reports.node.revoked",
    ]


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_only_administrators_manage_nodes(cast: Cast, node: Node, role: Role) -> None:
    somebody = a_person("Somebody", role, cast.organisation)
    for act in (
        partial(enrol_node, viewer=somebody, name="mx 2", at=NOW),
        partial(renew_token, node, viewer=somebody, at=NOW),
        partial(revoke_node, node, viewer=somebody, at=NOW),
    ):
        with pytest.raises(InboundRefused, match="not_allowed"):
            act()
    assert (Node.objects.count(), AuditEntry.objects.count()) == (1, 1)


def test_an_administrator_of_another_organisation_cannot_touch_a_node(node: Node) -> None:
    stranger = a_person("Stranger", Role.ADMINISTRATOR, an_organisation("Theirs"))
    with pytest.raises(InboundRefused, match="not_allowed"):
        revoke_node(node, viewer=stranger, at=NOW)
    node.refresh_from_db()
    assert node.revoked_at is None


@pytest.mark.parametrize(("name", "code"), [(" ", "node_name_missing"), ("mx 1", "node_name_taken")])
def test_a_node_needs_a_name_of_its_own(cast: Cast, node: Node, name: str, code: str) -> None:
    with pytest.raises(InboundRefused, match=code):
        enrol_node(viewer=cast.cy, name=name, at=NOW)
    assert Node.objects.count() == 1


def test_contact_is_written_at_most_each_15_seconds(node: Node) -> None:
    for seconds in (0, 14, 16):
        note_contact(node, at=NOW + timedelta(seconds=seconds))
        node.refresh_from_db()
        assert node.last_contact_at == NOW + timedelta(seconds=0 if seconds < 15 else seconds)


# --- Status --------------------------------------------------------------------------------------------------------


def test_a_status_is_kept(node: Node) -> None:
    record_status(
        node,
        {
            "agent_version": "0.1.0",
            "formats": ["sekimori-policy/1"],
            "live_number": 141,
            "live_since": SECONDS - 5,
            "live_sha256": "ab" * 32,
            "last_fetch_at": SECONDS,
            "last_error": "rollback",
            "clock": SECONDS + 90,
            "filter": "rspamd 3.4",
        },
        at=NOW,
    )
    node.refresh_from_db()
    assert (node.live_number, node.live_since, node.live_sha256) == (141, NOW - timedelta(seconds=5), "ab" * 32)
    assert (node.clock_skew_seconds, node.error_code, node.filter_version) == (90, "rollback", "rspamd 3.4")
    assert (node.formats, node.agent_version, node.last_contact_at) == (["sekimori-policy/1"], "0.1.0", NOW)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"live_number": 0, "live_since": 0, "live_sha256": "", "clock": None, "formats": None, "last_error": ""},
        {"live_number": "9", "live_since": [], "live_sha256": 3, "clock": "x", "formats": "abc", "last_error": "<b>"},
        {"live_number": True, "clock": -1, "formats": [1, None], "agent_version": {}, "filter": "\x00\ud800"},
        {"live_number": 2**53, "clock": 10**400, "last_error": "x" * 99},
    ],
)
def test_a_status_that_makes_no_sense_leaves_its_fields_empty(node: Node, body: dict[str, Any]) -> None:
    record_status(node, body, at=NOW)
    node.refresh_from_db()
    assert (node.live_number, node.live_since, node.live_sha256, node.clock_skew_seconds) == (None, None, "", None)
    assert (node.formats, node.error_code, node.agent_version, node.filter_version) == ([], "", "", "")


def test_a_status_is_cut_to_its_fields(node: Node) -> None:
    record_status(node, {"agent_version": "1" * 500, "filter": "r" * 500, "formats": ["f" * 99] * 99}, at=NOW)
    node.refresh_from_db()
    assert (len(node.agent_version), len(node.filter_version)) == (40, 80)
    assert node.formats == ["f" * 40] * 10


# --- Events --------------------------------------------------------------------------------------------------------


def test_an_event_is_stored_in_full_with_its_recipients_sealed(node: Node, cast: Cast) -> None:
    assert store(node, an_event()) == Receipt(1, 0, 0)
    event = InboundEvent.objects.get()
    assert (event.domain.name, event.day, event.at) == ("example.com", NOW.date(), NOW - timedelta(seconds=60))
    assert (event.source.address, event.source.organisation_id) == ("198.51.100.25", cast.organisation.pk)
    assert (event.verdict, event.would_be, event.mode, event.published) == ("accept", "reject", "reject", "reject")
    assert (event.rule_reference, event.policy_number, event.action) == ("EX-12", 141, "no action")
    assert (event.spf, event.dkim, event.classification) == (
        "pass",
        [{"domain": "vendor.example", "result": "pass"}],
        "fixable",
    )
    assert json.loads(unseal(event.recipients, purpose=Purpose.EVENT_RECIPIENTS)) == [
        "payroll@example.com",
        "staff@example.com",
    ]
    assert b"payroll" not in bytes(event.recipients)
    assert event.recipient_count == 2


def test_the_daily_sums_say_the_same_at_once(node: Node) -> None:
    store(
        node,
        an_event(),
        an_event(id="2", rule_id=None, verdict="reject", action="reject"),
        passes=[a_count(source_ip="198.51.100.25")],
    )
    sums = SourceDay.objects.filter(lens="here").order_by("verdict")
    assert [(each.verdict, each.messages, each.aligned, each.excepted, each.rejected) for each in sums] == [
        ("aligned", 40, 40, 0, 0),
        ("fixable", 2, 0, 1, 1),
    ]


def test_what_comes_twice_is_counted_once(node: Node) -> None:
    first = store(node, an_event(), an_event(id="2"), passes=[a_count()])
    again = store(node, an_event(), an_event(id="2"), an_event(id="3"), passes=[a_count(), a_count(batch="b2")])
    assert (first, again) == (Receipt(3, 0, 0), Receipt(2, 3, 0))
    assert (InboundEvent.objects.count(), PassCount.objects.count()) == (3, 2)
    assert sum(SourceDay.objects.values_list("messages", flat=True)) == 3 + 80


def test_what_stands_twice_in_one_batch_is_counted_once(node: Node) -> None:
    assert store(node, an_event(), an_event(), passes=[a_count(), a_count()]) == Receipt(2, 2, 0)


def test_the_same_id_from_two_nodes_is_two_messages(cast: Cast, node: Node) -> None:
    other, _ = enrol_node(viewer=cast.cy, name="mx 2", at=NOW)
    assert store(node, an_event()).accepted == store(other, an_event()).accepted == 1
    assert InboundEvent.objects.count() == 2


@pytest.mark.parametrize(
    ("header_from", "domain"),
    [
        ("example.com", "example.com"),
        ("News.Example.COM.", "example.com"),
        ("notexample.com", "*"),
        ("", "*"),
        ("x" * 500, "*"),
    ],
)
def test_each_event_belongs_to_the_domain_that_covers_its_from(node: Node, header_from: str, domain: str) -> None:
    store(node, an_event(header_from=header_from))
    assert InboundEvent.objects.get().domain.name == domain


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": 7},
        {"id": "x" * 101},
        {"id": "a\x00b"},
        {"id": "\ud800"},
        {"at": "now"},
        {"at": True},
        {"at": float("nan")},
        {"at": float("inf")},
        {"at": SECONDS + 90_000},
        {"at": SECONDS - 31 * 86_400},
        {"source_ip": "example.com"},
        {"source_ip": None},
        {"source_ip": "fe80::1%eth0"},
        {"verdict": None},
        {"verdict": "ACCEPT!"},
    ],
)
def test_an_unreadable_event_is_left_out_and_counted_and_keeps_no_other_from_being_stored(
    node: Node, changes: dict[str, Any]
) -> None:
    assert store(node, an_event(id="good"), an_event(**changes), "no object") == Receipt(1, 0, 2)
    assert InboundEvent.objects.get().event_id == "good"


@pytest.mark.parametrize(
    "changes", [{"count": 0}, {"count": -1}, {"count": 10**12}, {"count": "9"}, {"batch": ""}, {"at": None}]
)
def test_an_unreadable_count_is_left_out(node: Node, changes: dict[str, Any]) -> None:
    assert store(node, passes=[a_count(), a_count(**{"batch": "b2", **changes})]) == Receipt(1, 0, 1)
    assert PassCount.objects.get().batch == "b1"


def test_hostile_fields_are_bounded_and_stored_as_text(node: Node) -> None:
    hostile = "<script>\x00\ud800\n" + "x" * 1000
    fields = ("queue_id", "helo", "ptr", "envelope_from", "spf", "policy_domain", "action", "header_from")
    event = an_event(
        **dict.fromkeys(fields, hostile),
        recipients=[hostile, 7, None] * 1000,
        dkim=[{"domain": hostile, "result": hostile}, 5] * 100,
        published=hostile,
        mode=["reject"],
        would_be={},
        rule_id="EX-1'; DROP TABLE",
        number=-5,
    )
    assert store(node, event) == Receipt(1, 0, 0)
    stored = InboundEvent.objects.get()
    assert stored.helo == "<script> " + "x" * 311
    assert (stored.queue_id, stored.spf, stored.action) == (
        "<script> " + "x" * 71,
        "<script> " + "x" * 11,
        "<script> " + "x" * 31,
    )
    assert (stored.published, stored.mode, stored.would_be) == ("", "", "")
    assert (stored.rule_reference, stored.policy_number) == ("", None)
    assert (stored.recipient_count, len(stored.dkim)) == (334, 20)


def test_an_ipv4_mapped_address_is_the_ipv4_source(node: Node) -> None:
    store(node, an_event(), an_event(id="2", source_ip="::ffff:198.51.100.25"))
    assert Source.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], "not_an_object"),
        (None, "not_an_object"),
        ({"events": {}}, "not_a_list"),
        ({"passes": "x"}, "not_a_list"),
        ({"events": [an_event()] * 1001}, "too_many_entries"),
    ],
)
def test_a_body_of_another_shape_is_refused_whole(node: Node, body: object, code: str) -> None:
    with pytest.raises(InboundRefused, match=code):
        record_events(node, body, at=NOW)
    assert InboundEvent.objects.count() == 0


def test_an_empty_batch_is_fine(node: Node) -> None:
    assert record_events(node, {}, at=NOW) == Receipt(0, 0, 0)


def test_an_event_just_after_midnight_belongs_to_the_utc_day(node: Node) -> None:
    moment = datetime(2026, 11, 24, 0, 0, 1, tzinfo=UTC)
    store(node, an_event(at=moment.timestamp()))
    assert InboundEvent.objects.get().day == moment.date()


@pytest.mark.django_db(transaction=True)
def test_the_same_batch_sent_by_many_threads_is_stored_once() -> None:
    cast = a_cast()
    node, _ = enrol_node(viewer=cast.cy, name="mx 1", at=NOW)
    events = [an_event(id=str(number), source_ip=f"198.51.100.{number}") for number in range(50)]

    def send(_: int) -> int:
        try:
            return store(node, *events, passes=[a_count()]).accepted
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        accepted = list(pool.map(send, range(16)))
    assert sorted(accepted) == [0] * 15 + [51]
    assert (InboundEvent.objects.count(), PassCount.objects.count()) == (50, 1)
    assert sum(SourceDay.objects.values_list("messages", flat=True)) == 90


@pytest.mark.django_db(transaction=True)
def test_two_nodes_that_see_the_same_sources_do_not_block_each_other() -> None:
    cast = a_cast()
    nodes = [enrol_node(viewer=cast.cy, name=f"mx {number}", at=NOW)[0] for number in range(2)]

    def send(number: int) -> int:
        order = range(40) if number % 2 else reversed(range(40))
        events = [an_event(id=f"{number}.{each}", source_ip=f"198.51.100.{each}") for each in order]
        try:
            return store(nodes[number % 2], *events).accepted
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(send, range(20))) == [40] * 20
    assert sum(SourceDay.objects.values_list("messages", flat=True)) == 800


@pytest.mark.parametrize(
    "changes",
    [
        {"header_from": "\u0130" * 320},
        {"envelope_from": "\u0130" * 320},
        {"spf": "\u0130" * 20},
        {"action": "\u0130" * 40},
    ],
)
def test_a_text_that_grows_in_lower_case_is_bounded_all_the_same(node: Node, changes: dict[str, Any]) -> None:
    assert store(node, an_event(**changes)) == Receipt(1, 0, 0)


def test_a_time_beyond_all_numbers_is_left_out_and_counted(node: Node) -> None:
    assert store(node, an_event(at=10**400), an_event()) == Receipt(1, 0, 1)
