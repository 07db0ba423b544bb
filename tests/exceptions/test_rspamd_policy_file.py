"""The policy file under the running filter: replaced, damaged, older, gone. The last good policy holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.mailhost import zones
from tests.mailhost.host import MailHost
from tests.mailhost.policies import policy, rule

REFUSED, ACCEPTED = 554, 250
VENDOR = f"{zones.VENDOR_SOURCE}/32"


def verdicts(host: MailHost) -> tuple[int, int]:
    """The replies to mail from the vendor and from a stranger, both From: example.com."""
    return host.send().code, host.send(source=zones.STRANGER_SOURCE).code


def damaged(name: str, good: dict[str, Any]) -> bytes:
    text = json.dumps(good)
    return {
        "empty": "",
        "not JSON": "<html>gateway timeout</html>",
        "cut off": text[: len(text) // 2],
        "cut by one byte": text[:-1],
        "unknown format": text.replace("sekimori-policy/1", "sekimori-policy/2"),
        "wide network": text.replace("/32", "/8"),
        "older": json.dumps({**good, "number": good["number"] - 2}),
    }[name].encode()


@pytest.mark.parametrize(
    "name", ["empty", "not JSON", "cut off", "cut by one byte", "unknown format", "wide network", "older"]
)
def test_a_file_that_is_not_good_never_replaces_a_good_one(mail_host: MailHost, name: str) -> None:
    mail_host.obey(rule("EX-1", networks=[VENDOR]))
    assert verdicts(mail_host) == (ACCEPTED, REFUSED)
    opened = policy(rule("EX-2", networks=[VENDOR, f"{zones.STRANGER_SOURCE}/32"]), number=mail_host.number + 1)
    mail_host.write_policy(damaged(name, opened))
    assert verdicts(mail_host) == (ACCEPTED, REFUSED)
    assert f"number {mail_host.number} stays live" in mail_host.rspamd.log
    mail_host.number += 1
    mail_host.write_policy(opened)
    assert verdicts(mail_host) == (ACCEPTED, ACCEPTED)


def test_a_file_that_vanishes_changes_nothing(mail_host: MailHost) -> None:
    mail_host.obey(rule("EX-1", networks=[VENDOR]))
    assert verdicts(mail_host) == (ACCEPTED, REFUSED)
    mail_host.policy_file.unlink()
    assert verdicts(mail_host) == (ACCEPTED, REFUSED)


def test_a_file_that_the_filter_may_not_read_changes_nothing_until_it_may(mail_host: MailHost) -> None:
    mail_host.obey(rule("EX-1", networks=[VENDOR]))
    assert verdicts(mail_host) == (ACCEPTED, REFUSED)
    mail_host.obey()
    mail_host.policy_file.chmod(0o600)
    assert verdicts(mail_host) == (ACCEPTED, REFUSED)
    assert "policy file cannot be read" in mail_host.rspamd.log
    mail_host.policy_file.chmod(0o640)
    assert verdicts(mail_host) == (REFUSED, REFUSED)


def test_the_next_message_is_judged_by_the_new_policy(mail_host: MailHost) -> None:
    for _ in range(5):
        mail_host.obey(rule("EX-1", networks=[VENDOR]))
        assert mail_host.send().code == ACCEPTED
        mail_host.obey(rule("EX-1", networks=["198.51.100.99/32"]))
        assert mail_host.send().code == REFUSED


def test_without_a_policy_mail_is_only_watched(fresh_mail_host: MailHost) -> None:
    reply = fresh_mail_host.send()
    assert reply.code == ACCEPTED
    [event] = fresh_mail_host.wait_for_events(1)
    assert (event["number"], event["mode"], event["verdict"], event["would_be"]) == (0, "monitor", "accept", "reject")


def test_a_restarted_filter_obeys_the_file_that_it_finds(mail_host: MailHost) -> None:
    mail_host.obey(rule("EX-1", networks=[VENDOR]))
    mail_host.rspamd.restart()
    assert verdicts(mail_host) == (ACCEPTED, REFUSED)


def test_while_the_filter_is_down_mail_waits_outside(mail_host: MailHost) -> None:
    mail_host.obey(rule("EX-1", networks=[VENDOR]))
    mail_host.rspamd.stop()
    try:
        assert verdicts(mail_host) == (451, 451)
    finally:
        mail_host.rspamd.start()


@pytest.fixture
def stumbling_host(mail_host: MailHost) -> Iterator[MailHost]:
    """The mail host with a plugin that fails on every message."""
    facts = mail_host.rspamd.config / "lua" / "sekimori" / "facts.lua"
    sound = facts.read_text()
    facts.write_text('return { configure = function() end, read = function() error("made to fail") end }')
    mail_host.rspamd.restart()
    try:
        yield mail_host
    finally:
        facts.write_text(sound)
        mail_host.rspamd.restart()


def test_a_message_that_the_plugin_stumbles_over_waits_outside(stumbling_host: MailHost) -> None:
    stumbling_host.obey(rule("EX-1", networks=[VENDOR]))
    assert verdicts(stumbling_host) == (451, 451)
    assert "cannot judge this message" in stumbling_host.rspamd.log


def test_a_stumbling_plugin_that_enforces_nothing_holds_up_nothing(stumbling_host: MailHost) -> None:
    stumbling_host.obey(mode="monitor")
    assert verdicts(stumbling_host) == (ACCEPTED, ACCEPTED)
