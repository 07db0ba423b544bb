"""What the filter tells about judged mail: failures in full with the final action, passes as counts, never at mail's expense."""

from __future__ import annotations

import time
from typing import Any

import pytest

from exceptions.agent.batch import fold
from exceptions.agent.stream import Entry
from tests.mailhost import zones
from tests.mailhost.daemon import wait_until
from tests.mailhost.host import STREAM, MailHost
from tests.mailhost.letters import letter
from tests.mailhost.policies import rule

VENDOR = f"{zones.VENDOR_SOURCE}/32"


@pytest.fixture
def host(mail_host: MailHost) -> MailHost:
    """The mail host with an empty stream."""
    mail_host.valkey.client.delete(STREAM)
    return mail_host


def only_event(host: MailHost) -> dict[str, Any]:
    [event] = host.wait_for_events(1)
    return event


def test_a_refused_message_is_told_in_full(host: MailHost) -> None:
    host.obey()
    before = int(time.time())
    host.send(host.keys["example.net"].sign(letter()), recipients=["staff@example.com", "Boss@example.com"])
    event = only_event(host)
    assert before <= event.pop("at") <= time.time()
    assert len(event.pop("id")) == 32
    assert event.pop("queue_id")
    assert event == {
        "source_ip": zones.VENDOR_SOURCE, "helo": "out1.example.net", "ptr": "out1.example.net",
        "header_from": "example.com", "envelope_from": "example.net",
        "recipients": ["staff@example.com", "boss@example.com"],
        "spf": "pass", "dkim": [{"domain": "example.net", "result": "pass"}],
        "policy_domain": "example.com", "published": "reject", "mode": "reject", "verdict": "reject",
        "would_be": "reject", "rule_id": None, "number": host.number, "action": "reject",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "settings", "told"),
    [
        ([rule("EX-1", networks=[VENDOR])], {}, ("reject", "accept", "EX-1", "no action")),
        ([rule("EX-1", networks=[VENDOR], action="quarantine")], {}, ("reject", "quarantine", "EX-1", "add header")),
        ([rule("EX-1", networks=[VENDOR])], {"valid_for": -60}, ("reject", "defer", "EX-1", "soft reject")),
        ([rule("EX-1", networks=[VENDOR])], {"mode": "monitor"}, ("monitor", "accept", "EX-1", "no action")),
        ([], {"mode": "quarantine"}, ("quarantine", "quarantine", None, "add header")),
        ([], {"share": 0}, ("quarantine", "quarantine", None, "add header")),
    ],
)
def test_mode_verdict_rule_and_final_action_are_told(
    host: MailHost, rules: list[Any], settings: dict[str, Any], told: tuple[str, str, str | None, str]
) -> None:
    host.obey(*rules, **settings)
    host.send()
    event = only_event(host)
    assert (event["mode"], event["verdict"], event["rule_id"], event["action"]) == told


def test_the_final_action_is_told_where_another_filter_refuses_excepted_mail(host: MailHost) -> None:
    host.obey(rule("EX-1", networks=[VENDOR]))
    reply = host.send(letter(subject="BUY NOW OR NEVER"))
    assert (reply.code, reply.text) == (554, "5.7.1 please do not shout")
    event = only_event(host)
    assert (event["verdict"], event["rule_id"], event["action"]) == ("accept", "EX-1", "reject")


def test_a_rule_is_not_told_for_mail_that_passes(host: MailHost) -> None:
    host.obey(rule("EX-1", networks=[f"{zones.OWN_SOURCE}/32"]))
    host.send(source=zones.OWN_SOURCE, sender="hr@example.com")
    host.send()
    assert only_event(host)["rule_id"] is None


def test_passing_mail_is_counted_without_naming_people(host: MailHost) -> None:
    host.obey()
    hello = letter()
    host.send(hello, source=zones.OWN_SOURCE, sender="hr@example.com")
    [fields] = wait_until(host.stream, seconds=10, what="the pass entry")
    assert list(fields) == ["pass"]
    assert "staff" not in fields["pass"]
    assert f'"source_ip":"{zones.OWN_SOURCE}"' in fields["pass"]
    assert '"header_from":"example.com"' in fields["pass"]


def test_the_agent_reads_what_the_filter_tells(host: MailHost) -> None:
    host.obey()
    host.send(source=zones.OWN_SOURCE, sender="hr@example.com")
    host.send(source=zones.OWN_SOURCE, sender="hr@example.com")
    host.send()
    host.wait_for_events(1)
    entries: Any = host.valkey.client.xrange(STREAM)
    batch = fold([Entry(key, {name: text.encode() for name, text in fields.items()}) for key, fields in entries])
    assert batch.broken == ()
    assert [event["verdict"] for event in batch.document["events"]] == ["reject"]
    assert sum(count["count"] for count in batch.document["passes"]) == 2


def test_mail_that_was_not_judged_is_not_told(host: MailHost) -> None:
    host.obey()
    host.send(login="hr")
    host.send(source="192.0.2.129")
    host.send()
    only_event(host)
    assert len(host.stream()) == 1


def test_an_own_domain_without_a_record_is_told_as_failing(host: MailHost) -> None:
    host.obey()
    host.send(letter("hr@norecord.example"))
    event = only_event(host)
    told = (event["header_from"], event["policy_domain"], event["published"], event["verdict"])
    assert told == ("norecord.example", "", "none", "reject")


def test_hostile_bytes_do_not_break_the_event(host: MailHost) -> None:
    host.obey()
    reply = host.send(letter('"\\"}{" <h"r@example.com>', subject='"}'), sender='a"}{@b.example')
    assert reply.code in (250, 501, 554)
    host.send(letter().replace(b"hr@example.com", b"hr@example.com, x@\xff\xfe.example"))
    events = host.wait_for_events(1)
    assert events[-1]["header_from"].startswith("example.com ")


def test_nothing_known_is_told_as_an_empty_list(host: MailHost) -> None:
    host.obey()
    host.send()
    assert only_event(host)["dkim"] == []


def test_many_recipients_are_cut(host: MailHost) -> None:
    host.obey()
    host.send(recipients=[f"r{number}@example.com" for number in range(60)])
    assert only_event(host)["recipients"] == [f"r{number}@example.com" for number in range(50)]


def test_a_stopped_redis_loses_events_and_delays_no_mail(host: MailHost) -> None:
    host.obey(rule("EX-1", networks=[VENDOR]))
    host.valkey.stop()
    try:
        lost = host.rspamd.log.count("lost")
        started = time.monotonic()
        codes = [host.send(source=source).code for source in (zones.VENDOR_SOURCE, zones.STRANGER_SOURCE) * 5]
        assert codes == [250, 554] * 5
        assert time.monotonic() - started < 5
        wait_until(lambda: host.rspamd.log.count("lost") >= lost + 10, seconds=10, what="ten losses in the log")
    finally:
        host.valkey.start()


def test_a_redis_that_comes_back_is_used_again(host: MailHost) -> None:
    host.obey()
    host.valkey.stop()
    host.send()
    host.valkey.start()

    def told() -> bool:
        host.send()
        return bool(host.events())

    wait_until(told, seconds=20, what="an event after the restart")


def test_a_redis_that_hangs_delays_no_mail(host: MailHost) -> None:
    host.obey()
    host.send()
    only_event(host)
    host.valkey.freeze()
    try:
        started = time.monotonic()
        assert [host.send().code for _ in range(3)] == [554] * 3
        assert time.monotonic() - started < 0.9, "less than one Redis timeout for three messages"
    finally:
        host.valkey.thaw()


def test_the_stream_is_capped(host: MailHost) -> None:
    host.obey()
    with host.valkey.client.pipeline(transaction=False) as pipeline:
        for _ in range(101_000):
            pipeline.xadd(STREAM, {"pass": "{}"})
        pipeline.execute()
    host.send()
    host.wait_for_events(1)
    assert 100_000 <= host.valkey.client.xlen(STREAM) <= 100_200
