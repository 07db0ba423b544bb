"""The agent takes a good policy and keeps the last good one through everything else."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exceptions.agent.judge import fingerprint
from exceptions.signing import key_id, sign
from tests.exceptions.agent_feed import KEY, NOW, OTHER_KEY, TOKEN, Feed, MailHost, a_mail_host, a_policy, serving
from tests.mailhost.certificates import Authority

GOOD = a_policy(5)


@pytest.fixture
def feed() -> Iterator[Feed]:
    with serving(Feed()) as feed:
        feed.publish(GOOD)
        yield feed


@pytest.fixture
def host(feed: Feed, tmp_path: Path) -> MailHost:
    return a_mail_host(tmp_path, feed.url)


def forged(body: bytes) -> str:
    return sign(body, OTHER_KEY).replace(key_id(OTHER_KEY.public_key()), key_id(KEY.public_key()))


NEWER = a_policy(6)
BAD_ANSWERS: list[Any] = [
    pytest.param({"body": NEWER + b" ", "signature": sign(NEWER, KEY)}, "bad_signature", id="tampered body"),
    pytest.param({"body": NEWER[:-9], "signature": sign(NEWER, KEY)}, "bad_signature", id="cut body"),
    pytest.param({"body": NEWER, "signature": sign(NEWER, KEY), "declared": 9999}, "truncated", id="cut transfer"),
    pytest.param({"body": NEWER, "signature": sign(NEWER, OTHER_KEY)}, "unknown_key", id="wrong key"),
    pytest.param({"body": NEWER, "signature": forged(NEWER)}, "bad_signature", id="wrong key under a good name"),
    pytest.param({"body": NEWER, "signature": ""}, "no_signature", id="no signature"),
    pytest.param({"body": b"", "signature": sign(b"", KEY)}, "empty_body", id="empty body"),
    pytest.param({"status": 404}, "http_status", id="not found"),
    pytest.param({"status": 500}, "http_status", id="server error"),
    pytest.param({"status": 302}, "http_status", id="redirect"),
]
BAD_POLICIES: list[Any] = [
    pytest.param(a_policy(4), "rollback", id="older number"),
    pytest.param(a_policy(5, valid_until=NOW + 9), "number_reused", id="other bytes under one number"),
    pytest.param(a_policy(6, node="mx-2"), "wrong_node", id="other node"),
    pytest.param(a_policy(6, organisation="other"), "wrong_organisation", id="other organisation"),
    pytest.param(a_policy(6, format="sekimori-policy/2"), "unknown_format", id="unknown format"),
    pytest.param(a_policy(6, rules=[{}]), "missing_field", id="unreadable rule"),
    pytest.param(b"[]", "not_an_object", id="no object"),
    pytest.param(b"\xff", "not_json", id="no text"),
    pytest.param(a_policy(6, generated_at=NOW + 601, valid_until=NOW + 9999), "clock_skew", id="from the future"),
]


@pytest.mark.parametrize(("answer", "code"), BAD_ANSWERS)
def test_a_bad_answer_leaves_the_last_good_policy(
    feed: Feed, host: MailHost, answer: dict[str, Any], code: str
) -> None:
    keeper = host.keeper()
    keeper.step()
    for name, value in answer.items():
        setattr(feed, name, value)
    assert not keeper.step()
    assert host.live == GOOD
    assert feed.posts("status")[-1]["live_number"] == 5
    assert feed.posts("status")[-1]["last_error"] == code


@pytest.mark.parametrize(("body", "code"), BAD_POLICIES)
def test_a_signed_policy_that_this_node_must_not_use_leaves_the_last_good_one(
    feed: Feed, host: MailHost, body: bytes, code: str
) -> None:
    keeper = host.keeper()
    keeper.step()
    feed.publish(body)
    assert not keeper.step()
    assert host.live == GOOD
    assert feed.posts("status")[-1]["live_sha256"] == fingerprint(GOOD)
    assert feed.posts("status")[-1]["last_error"] == code


def test_a_server_that_is_away_leaves_the_last_good_policy_and_is_asked_again(tmp_path: Path) -> None:
    feed = Feed()
    feed.publish(GOOD)
    with serving(feed):
        host = a_mail_host(tmp_path, feed.url)
        keeper = host.keeper()
        keeper.step()
    assert not keeper.step()
    assert host.live == GOOD
    feed.publish(NEWER)
    with serving(feed, port=int(feed.url.rpartition(":")[2])):
        assert keeper.step()
    assert host.live == NEWER


def test_a_server_that_no_trusted_authority_vouches_for_is_not_told_the_token(tmp_path: Path) -> None:
    feed = Feed()
    feed.publish(GOOD)
    with serving(feed, tls=Authority(tmp_path).issue("sekimori.example.com")):
        keeper = a_mail_host(tmp_path, feed.url).keeper()
        assert not keeper.step()
    assert keeper.state.last_error == "tls_failed"
    assert feed.asked == []


def test_an_own_authority_is_trusted_when_it_is_named(tmp_path: Path) -> None:
    feed, authority = Feed(), Authority(tmp_path)
    feed.publish(GOOD)
    with serving(feed, tls=authority.issue("sekimori.example.com")):
        host = a_mail_host(tmp_path, feed.url, ca_file=str(authority.ca_file))
        assert host.keeper().step()
    assert host.live == GOOD


def test_nothing_is_written_where_the_first_answer_is_bad(feed: Feed, host: MailHost) -> None:
    feed.publish(GOOD, signature=sign(GOOD, OTHER_KEY))
    assert not host.keeper().step()
    assert not (host.directory / "policy.json").exists()
    status = feed.posts("status")[-1]
    assert (status["live_number"], status["live_since"], status["live_sha256"]) == (0, 0, "")


def test_the_number_is_remembered_even_if_the_policy_is_lost(feed: Feed, host: MailHost) -> None:
    host.keeper().step()
    (host.directory / "policy.json").unlink()
    feed.publish(a_policy(4))
    keeper = host.keeper()
    assert not keeper.step()
    assert not (host.directory / "policy.json").exists()
    feed.publish(GOOD)
    assert keeper.step()
    assert host.live == GOOD


def test_an_older_policy_put_on_disk_with_its_true_signature_is_not_called_live(feed: Feed, host: MailHost) -> None:
    host.keeper().step()
    (host.directory / "policy.json").write_bytes(a_policy(4))
    (host.directory / "policy.json.sig").write_text(sign(a_policy(4), KEY))
    keeper = host.keeper()
    assert keeper.live is None
    assert keeper.state.last_error == "rollback"
    assert keeper.step()
    assert host.live == GOOD


def test_a_damaged_file_is_not_called_live_and_is_fetched_anew(feed: Feed, host: MailHost) -> None:
    host.keeper().step()
    (host.directory / "policy.json").write_bytes(GOOD[:100])
    keeper = host.keeper()
    assert keeper.live is None
    assert keeper.status()["last_error"] == "bad_signature"
    assert keeper.step()
    assert "if-none-match" not in feed.asked[-1]
    assert host.live == GOOD


def test_a_policy_past_its_time_is_taken_if_it_is_newer_because_it_may_revoke(feed: Feed, host: MailHost) -> None:
    keeper = host.keeper()
    keeper.step()
    feed.publish(a_policy(6, generated_at=NOW - 999, valid_until=NOW - 1))
    assert keeper.step()
    assert host.live == feed.body


def test_a_good_policy_is_written_whole_readable_for_the_group_and_reported(feed: Feed, host: MailHost) -> None:
    assert host.keeper().step()
    assert host.live == GOOD
    assert (host.directory / "policy.json.sig").read_text() == sign(GOOD, KEY)
    assert sorted(path.name for path in host.directory.iterdir()) == ["policy.json", "policy.json.sig", "state.json"]
    for name in ("policy.json", "policy.json.sig"):
        assert stat.S_IMODE((host.directory / name).stat().st_mode) == 0o640
    assert feed.told == [
        (
            "/feeds/v1/mx-1/status",
            {
                "agent_version": "0.1.0",
                "formats": ["sekimori-policy/1"],
                "live_number": 5,
                "live_since": NOW,
                "live_sha256": fingerprint(GOOD),
                "last_fetch_at": NOW,
                "last_error": "",
                "clock": NOW,
                "filter": "rspamd 3.4",
            },
        )
    ]


def test_the_request_names_token_and_formats_and_holds_on_with_the_etag(feed: Feed, host: MailHost) -> None:
    keeper = host.keeper()
    keeper.step()
    keeper.step(wait=25)
    first, second = feed.asked
    assert first["path"] == "/feeds/v1/mx-1/policy.json"
    assert first["authorization"] == f"Bearer {TOKEN}"
    assert first["sekimori-formats"] == "sekimori-policy/1"
    assert second["path"] == "/feeds/v1/mx-1/policy.json?wait=25"
    assert second["if-none-match"] == f'"{fingerprint(GOOD)}"'


def test_not_modified_is_no_error_and_writes_no_policy(feed: Feed, host: MailHost) -> None:
    keeper = host.keeper()
    keeper.step()
    before = (host.directory / "policy.json").stat().st_ino
    assert keeper.step()
    assert (host.directory / "policy.json").stat().st_ino == before
    assert len(feed.posts("status")) == 1


def test_a_restart_without_a_server_starts_from_disk(tmp_path: Path) -> None:
    feed = Feed()
    feed.publish(GOOD)
    with serving(feed):
        host = a_mail_host(tmp_path, feed.url)
        host.keeper().step()
    keeper = host.keeper(now=NOW + 500)
    assert keeper.live is not None
    assert keeper.status()["live_number"] == 5
    assert keeper.status()["live_since"] == NOW


def test_a_refused_status_has_no_consequence(feed: Feed, host: MailHost) -> None:
    feed.post_status = 500
    assert host.keeper().step()
    assert host.live == GOOD


KILLED_AT_MOVE = """
import os, signal, sys
from pathlib import Path
from exceptions.agent.store import PolicyStore
moves, move = int(sys.argv[1]), os.replace
def replace(*places, **options):
    global moves
    if moves == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    moves -= 1
    return move(*places, **options)
os.replace = replace
body = Path(sys.argv[3]).read_bytes()
PolicyStore(Path(sys.argv[2])).save(body, Path(sys.argv[4]).read_text())
"""


@pytest.mark.parametrize(("moves", "live_after"), [(0, GOOD), (1, NEWER)])
def test_kill_9_between_writing_and_moving_leaves_one_whole_policy(
    feed: Feed, host: MailHost, moves: int, live_after: bytes
) -> None:
    host.keeper().step()
    (host.root / "body").write_bytes(NEWER)
    (host.root / "sig").write_text(sign(NEWER, KEY))
    places = [str(host.directory), str(host.root / "body"), str(host.root / "sig")]
    killed = subprocess.run([sys.executable, "-c", KILLED_AT_MOVE, str(moves), *places], check=False)
    assert killed.returncode == -9
    assert host.live == GOOD  # the filter still reads the old one, whole
    keeper = host.keeper()
    assert keeper.live is not None
    assert host.live == live_after
    assert (host.directory / "policy.json.sig").read_text() == sign(live_after, KEY)
    assert not list(host.directory.glob("*.tmp"))


def test_a_damaged_memory_is_no_memory_and_stops_nothing(feed: Feed, host: MailHost) -> None:
    host.keeper().step()
    for damage in ("", "[]", '{"number": "x"}', '{"number": 5}'):
        (host.directory / "state.json").write_text(damage)
        keeper = host.keeper()
        assert keeper.status()["live_number"] == 5
        assert keeper.step()
