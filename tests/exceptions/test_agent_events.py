"""What the filter saw reaches the server at least once, and trouble on the way loses nothing and stops no policy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exceptions.agent.batch import MAX_ENTRY
from exceptions.agent.server import Server
from exceptions.agent.shipper import EventShipper
from exceptions.agent.stream import EventStream
from tests.exceptions.agent_feed import NOW, Feed, MailHost, a_mail_host, a_policy, serving
from tests.mailhost.valkey import ValkeyServer

STREAM = "sekimori:events"
HOUR = NOW // 3600 * 3600


@pytest.fixture
def feed() -> Iterator[Feed]:
    with serving(Feed()) as feed:
        feed.publish(a_policy())
        yield feed


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    directory = tmp_path / "valkey"
    directory.mkdir()
    server = ValkeyServer(directory)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def host(feed: Feed, valkey: ValkeyServer, tmp_path: Path) -> MailHost:
    return a_mail_host(tmp_path, feed.url, redis=str(valkey.socket))


def a_shipper(host: MailHost, *, consumer: str = "mx-1") -> EventShipper:
    stream = EventStream(host.config.redis, stream=STREAM, consumer=consumer)
    return EventShipper(stream, server=Server(host.config))


def saw(valkey: ValkeyServer, **fields: Any) -> str:
    return str(valkey.client.xadd(STREAM, {name: json.dumps(value) for name, value in fields.items()}))


def a_pass(at: int = NOW, source_ip: str = "192.0.2.1", **more: int) -> dict[str, Any]:
    return {"at": at, "source_ip": source_ip, "header_from": "example.com", **more}


def test_a_server_that_refuses_for_now_gets_the_same_request_again(
    feed: Feed, host: MailHost, valkey: ValkeyServer
) -> None:
    saw(valkey, event={"id": "a"})
    saw(valkey, **{"pass": a_pass()})
    shipper = a_shipper(host)
    feed.post_status = 503
    assert shipper.step(block=False) == 0
    saw(valkey, **{"pass": a_pass()})
    feed.post_status = 200
    assert shipper.step(block=False) == 2
    assert shipper.step(block=False) == 1
    first, second = feed.posts("events")
    assert [event["id"] for event in first["events"]] == ["a"]
    assert first["passes"][0]["count"] == second["passes"][0]["count"] == 1
    assert first["passes"][0]["batch"] != second["passes"][0]["batch"]


def test_a_lost_answer_and_a_restart_repeat_the_same_batch_id(feed: Feed, host: MailHost, valkey: ValkeyServer) -> None:
    saw(valkey, **{"pass": a_pass()})
    saw(valkey, **{"pass": a_pass()})
    stream = EventStream(host.config.redis, stream=STREAM, consumer="mx-1")
    lost = stream.read(500, block=False)
    stream.close()
    saw(valkey, **{"pass": a_pass()})
    shipper = a_shipper(host)
    shipper.step(block=False)
    other = a_shipper(host)
    other.step(block=False)
    assert len(lost) == 2
    assert [post["passes"][0]["count"] for post in feed.posts("events")] == [2, 1]


def test_redis_away_is_logged_and_the_policy_is_fetched_all_the_same(
    feed: Feed, host: MailHost, valkey: ValkeyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    shipper = a_shipper(host)
    saw(valkey, event={"id": "before"})
    assert shipper.step(block=False) == 1
    valkey.stop()
    assert shipper.step(block=False) == 0
    assert host.keeper().step()
    assert host.live == feed.body
    valkey.start()
    saw(valkey, event={"id": "after"})
    assert shipper.step(block=False) == 1
    assert [post["events"][0]["id"] for post in feed.posts("events")] == ["before", "after"]
    codes = [json.loads(line).get("code") for line in capsys.readouterr().err.splitlines()]
    assert "redis_lost" in codes or "redis_unreachable" in codes


def test_a_flushed_redis_gets_its_group_again(feed: Feed, host: MailHost, valkey: ValkeyServer) -> None:
    shipper = a_shipper(host)
    shipper.step(block=False)
    valkey.client.flushall()
    assert shipper.step(block=False) == 0
    saw(valkey, event={"id": "a"})
    assert shipper.step(block=False) == 1
    assert [event["id"] for event in feed.posts("events")[0]["events"]] == ["a"]


@pytest.mark.parametrize(
    "fields",
    [
        {"event": "{"},
        {"event": "[]"},
        {"event": '{"id": 7}'},
        {"event": json.dumps({"id": "x", "helo": "h" * MAX_ENTRY})},
        {"event": "[" * 9000},
        {"pass": '{"at": "now", "source_ip": "192.0.2.1", "header_from": "example.com"}'},
        {"pass": '{"at": 1, "source_ip": "192.0.2.1", "header_from": "example.com", "count": 0}'},
        {"pass": '{"at": NaN, "source_ip": "192.0.2.1", "header_from": "example.com"}'},
        {"pass": '{"at": 1e999, "source_ip": "192.0.2.1", "header_from": "example.com"}'},
        {"other": "x"},
        {b"\xff": b"\xff"},
        {"event": b"\xff"},
    ],
)
def test_an_unreadable_entry_is_logged_and_dropped_and_holds_nothing_up(
    feed: Feed, host: MailHost, valkey: ValkeyServer, capsys: pytest.CaptureFixture[str], fields: dict[Any, Any]
) -> None:
    identifier = valkey.client.xadd(STREAM, fields)
    saw(valkey, event={"id": "good"})
    assert a_shipper(host).step(block=False) == 2
    assert feed.posts("events") == [{"events": [{"id": "good"}], "passes": []}]
    assert valkey.client.xlen(STREAM) == 0
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["id"] for line in lines if line["event"] == "entry_unreadable"] == [identifier]


def test_an_entry_that_the_server_will_never_take_is_dropped_and_the_others_arrive(
    feed: Feed, host: MailHost, valkey: ValkeyServer
) -> None:
    for number in range(5):
        saw(valkey, event={"id": str(number)})
    feed.largest = 2
    shipper = a_shipper(host)
    rounds = [shipper.step(block=False) for _ in range(6)]
    assert sum(rounds) == 5
    assert sorted(event["id"] for post in feed.posts("events") for event in post["events"]) == list("01234")
    feed.largest = 0
    saw(valkey, event={"id": "hopeless"})
    assert shipper.step(block=False) == 1
    assert valkey.client.xlen(STREAM) == 0


def test_entries_that_another_consumer_left_behind_are_taken_over(
    feed: Feed, host: MailHost, valkey: ValkeyServer
) -> None:
    identifier = saw(valkey, event={"id": "left"})
    gone = EventStream(host.config.redis, stream=STREAM, consumer="old-name")
    gone.read(10, block=False)
    gone.close()
    valkey.client.xclaim(STREAM, "sekimori-agent", "old-name", 0, [identifier], idle=60_001)
    assert a_shipper(host).step(block=False) == 1
    assert feed.posts("events")[0]["events"] == [{"id": "left"}]


def test_an_entry_that_was_trimmed_while_it_waited_is_passed_over(
    feed: Feed, host: MailHost, valkey: ValkeyServer
) -> None:
    identifier = saw(valkey, event={"id": "trimmed"})
    stream = EventStream(host.config.redis, stream=STREAM, consumer="mx-1")
    stream.read(10, block=False)
    stream.close()
    valkey.client.xdel(STREAM, identifier)
    assert a_shipper(host).step(block=False) == 1
    assert feed.posts("events") == []
    assert valkey.client.xpending(STREAM, "sekimori-agent")["pending"] == 0


def test_failures_go_in_full_and_passes_as_hourly_counts(feed: Feed, host: MailHost, valkey: ValkeyServer) -> None:
    event = {"id": "mx-1/4ABC/1", "at": NOW, "source_ip": "198.51.100.25", "recipients": ["a@example.com"]}
    saw(valkey, event=event)
    for number in range(3):
        saw(valkey, **{"pass": a_pass(HOUR + number)})
    saw(valkey, **{"pass": a_pass(HOUR + 3600, count=4)})
    saw(valkey, **{"pass": a_pass(HOUR, "192.0.2.9")})
    assert a_shipper(host).step(block=False) == 6
    [post] = feed.posts("events")
    assert post["events"] == [event]
    counts = [(count["at"], count["source_ip"], count["count"]) for count in post["passes"]]
    assert counts == [(HOUR, "192.0.2.1", 3), (HOUR, "192.0.2.9", 1), (HOUR + 3600, "192.0.2.1", 4)]
    assert len({count["batch"] for count in post["passes"]}) == 1


def test_what_was_sent_is_deleted_because_it_names_people(feed: Feed, host: MailHost, valkey: ValkeyServer) -> None:
    saw(valkey, event={"id": "a", "recipients": ["a@example.com"]})
    a_shipper(host).step(block=False)
    assert valkey.client.xlen(STREAM) == 0
    assert valkey.client.xpending(STREAM, "sekimori-agent")["pending"] == 0


def test_a_request_has_at_most_500_entries(feed: Feed, host: MailHost, valkey: ValkeyServer) -> None:
    for number in range(501):
        saw(valkey, event={"id": str(number)})
    shipper = a_shipper(host)
    assert [shipper.step(block=False) for _ in range(3)] == [500, 1, 0]


def test_a_time_beyond_all_numbers_is_dropped_like_any_unreadable_entry(
    feed: Feed, host: MailHost, valkey: ValkeyServer
) -> None:
    saw(valkey, **{"pass": a_pass(at=10**400)})
    saw(valkey, **{"pass": a_pass()})
    assert a_shipper(host).step(block=False) == 2
    assert valkey.client.xlen(STREAM) == 0
