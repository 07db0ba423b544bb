"""The agent as a process: configuration, one round, status, ending; and as one file under the system's Python."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exceptions.agent.bundle import bundle
from exceptions.agent.config import read_config
from exceptions.agent.store import PolicyStore
from exceptions.errors import AgentError
from exceptions.signing import public_text
from tests.exceptions.agent_feed import KEY, Feed, MailHost, a_mail_host, a_policy, serving

ROOT = Path(__file__).parents[2]
FRESH = {"generated_at": 1_700_000_000, "valid_until": 1_700_000_000 + 259_200}


@pytest.fixture
def feed() -> Iterator[Feed]:
    with serving(Feed()) as feed:
        feed.publish(a_policy(7, **FRESH))
        yield feed


@pytest.fixture
def host(feed: Feed, tmp_path: Path) -> MailHost:
    return a_mail_host(tmp_path, feed.url)


def agent(host: MailHost, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "exceptions.agent", "--config", str(host.config_file), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ('server = "http://sekimori.example.com"', "insecure_server"),
        ('server = "http://192.0.2.1:8000"', "insecure_server"),
        ('server = "ftp://localhost"', "config_bad_value"),
        ('server = "https://"', "config_bad_value"),
        ('server = "http://localhost:99999"', "config_bad_value"),
        ("server = 7", "config_bad_value"),
        ("", "config_missing"),
        ('server = "https://localhost"\ntypo = "x"', "config_unknown"),
        ("server = ", "config_unreadable"),
    ],
)
def test_a_configuration_that_is_unsafe_or_unclear_is_refused(tmp_path: Path, change: str, code: str) -> None:
    path = tmp_path / "agent.toml"
    key = public_text(KEY.public_key())
    path.write_text(f'node = "mx-1"\norganisation = "o"\ntoken_file = "t"\npublic_keys = ["{key}"]\n{change}\n')
    with pytest.raises(AgentError) as refusal:
        read_config(path)
    assert refusal.value.code == code


@pytest.mark.parametrize("keys", ["[]", '["AAAA"]', "[7]", '"x"'])
def test_no_readable_key_is_no_configuration(tmp_path: Path, keys: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(
        f'server = "https://localhost"\nnode = "mx-1"\norganisation = "o"\ntoken_file = "t"\npublic_keys = {keys}\n'
    )
    with pytest.raises(AgentError) as refusal:
        read_config(path)
    assert refusal.value.params["key"] == "public_keys"


def test_a_wrong_configuration_ends_with_2_and_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "exceptions.agent", "--config", str(tmp_path / "none.toml")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert [line["code"] for line in lines(ended.stderr)] == ["config_unreadable"]


def test_a_second_agent_for_one_directory_is_refused(host: MailHost) -> None:
    with PolicyStore(host.directory).lock():
        ended = agent(host, "--once")
    assert ended.returncode == 2
    assert lines(ended.stderr)[-1]["code"] == "already_running"
    assert not (host.directory / "policy.json").exists()


def test_once_fetches_and_ends(feed: Feed, host: MailHost) -> None:
    ended = agent(host, "--once")
    assert ended.returncode == 0, ended.stderr
    assert host.live == feed.body
    feed.status = 500
    assert agent(host, "--once").returncode == 1


def test_status_says_what_is_live_and_fails_where_nothing_is_or_it_is_stale(feed: Feed, host: MailHost) -> None:
    assert agent(host, "status").returncode == 1
    agent(host, "--once")
    ended = agent(host, "status")
    shown = json.loads(ended.stdout)
    assert ended.returncode == 1
    assert (shown["live_number"], shown["stale"], shown["rules_in_force"]) == (7, True, 0)
    assert shown["live_sha256"] == PolicyStore(host.directory).read_state().sha256


def wait_for(process: subprocess.Popen[str], event: str, **values: Any) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line).items() >= {"event": event, **values}.items():
            return
    raise AssertionError(f"the agent ended before {event}")


@pytest.mark.parametrize("sign_off", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_at_once_and_leaves_whole_files(feed: Feed, host: MailHost, sign_off: signal.Signals) -> None:
    command = [sys.executable, "-m", "exceptions.agent", "--config", str(host.config_file)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        wait_for(process, "policy_live")
        process.send_signal(sign_off)
        assert process.wait(timeout=10) == 0
    assert host.live == feed.body
    assert not list(host.directory.glob("*.tmp"))


def test_a_redis_that_never_answers_does_not_keep_the_policy_away(feed: Feed, tmp_path: Path) -> None:
    root = tmp_path / "without-redis"
    root.mkdir()
    host = a_mail_host(root, feed.url, redis=str(root / "no.sock"))
    command = [sys.executable, "-m", "exceptions.agent", "--config", str(host.config_file)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        wait_for(process, "events_kept")
        feed.publish(a_policy(8, **FRESH))
        wait_for(process, "policy_live", number=8)
        process.terminate()
        assert process.wait(timeout=10) == 0
    assert host.live == feed.body


def test_the_bundle_is_the_same_every_time_and_holds_no_django() -> None:
    content = bundle()
    assert content == bundle()
    assert content.startswith(b"#!/usr/bin/python3\n")
    assert b"exceptions/models" not in content


def test_the_bundle_runs_alone(feed: Feed, host: MailHost) -> None:
    """Under Debian's own Python where it has cryptography, else under this one, away from the project's folder."""
    path = host.root / "agent.pyz"
    path.write_bytes(bundle())
    system = "/usr/bin/python3"
    probe = "import sys, cryptography; sys.exit(sys.version_info < (3, 11))"
    fits = os.access(system, os.X_OK) and subprocess.run([system, "-c", probe], check=False, cwd="/").returncode == 0
    command = [system if fits else sys.executable, str(path), "--config", str(host.config_file), "--once"]
    ended = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert host.live == feed.body


def test_the_agent_needs_nothing_but_the_standard_library_and_cryptography() -> None:
    """Every module loaded is of the standard library, of cryptography (and cffi for it), or ours and pure."""
    code = (
        "import sys; import exceptions.agent.__main__; import exceptions.agent.bundle;"
        "print('\\n'.join(sorted(n.partition('.')[0] if not n.startswith('exceptions') else n for n in sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path += {sys.path!r}; {code}"],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()  # fmt: skip
    ours = {name for name in loaded if name.startswith("exceptions")}
    strange = set(loaded) - ours - sys.stdlib_module_names - {"__main__", "cryptography", "_cffi_backend", "_openssl"}
    assert strange == set()
    allowed = (
        "exceptions.agent",
        "exceptions.engine",
        "exceptions.errors",
        "exceptions.signing",
        "exceptions.vocabulary",
    )
    assert {name for name in ours if not name.startswith(allowed)} == {"exceptions"}
