"""Real SMTP through Postfix and Rspamd with our plugin: which mail is refused, which is let in, and why."""

from __future__ import annotations

import time

import pytest

from tests.mailhost import zones
from tests.mailhost.daemon import wait_until
from tests.mailhost.host import MailHost
from tests.mailhost.letters import Reply, letter
from tests.mailhost.policies import rule

REFUSED, DEFERRED, ACCEPTED = 554, 451, 250
VENDOR = f"{zones.VENDOR_SOURCE}/32"


def rule_header(host: MailHost, reply: Reply) -> list[str]:
    return host.delivered(reply).message.get_all("X-Sekimori-Rule", [])


def is_quarantined(host: MailHost, reply: Reply) -> bool:
    return host.delivered(reply).message.get_all("X-Spam", []) == ["Yes"]


@pytest.mark.parametrize(
    ("source", "domain", "code"),
    [
        (zones.VENDOR_SOURCE, "example.org", REFUSED),
        (zones.OTHER_VENDOR_SOURCE, "example.com", REFUSED),
        (zones.VENDOR_SOURCE, "example.com", ACCEPTED),
        (zones.OTHER_VENDOR_SOURCE, "example.org", ACCEPTED),
    ],
)
def test_exact_pairs_are_let_in_and_never_their_cross_product(
    mail_host: MailHost, source: str, domain: str, code: int
) -> None:
    mail_host.obey(
        rule("EX-1", header_from="example.com", networks=[VENDOR]),
        rule("EX-2", header_from="example.org", networks=[f"{zones.OTHER_VENDOR_SOURCE}/32"]),
    )
    assert mail_host.send(letter(f"hr@{domain}"), source=source).code == code


def test_a_refusal_is_permanent_and_names_the_domain(mail_host: MailHost) -> None:
    mail_host.obey()
    reply = mail_host.send()
    assert (reply.code, reply.text) == (554, "5.7.1 Message failed DMARC for example.com and is refused by policy")
    assert not mail_host.sink.has(reply.message_id)


def test_mail_that_passes_dmarc_is_left_alone(mail_host: MailHost) -> None:
    mail_host.obey()
    reply = mail_host.send(source=zones.OWN_SOURCE, sender="hr@example.com")
    assert reply.code == ACCEPTED
    assert rule_header(mail_host, reply) == []


def test_a_dkim_rule_wants_a_signature_that_verifies(mail_host: MailHost) -> None:
    mail_host.obey(rule("EX-3", dkim_domain="example.net"))
    signed = mail_host.keys["example.net"].sign(letter())
    other = mail_host.keys["example.org"].sign(letter())
    assert mail_host.send(letter(), source=zones.STRANGER_SOURCE).code == REFUSED
    assert mail_host.send(other, source=zones.STRANGER_SOURCE).code == REFUSED
    assert mail_host.send(signed.replace(b"Hello", b"Jello"), source=zones.STRANGER_SOURCE).code == REFUSED
    reply = mail_host.send(signed, source=zones.STRANGER_SOURCE)
    assert reply.code == ACCEPTED
    assert rule_header(mail_host, reply) == ["EX-3"]


def test_an_envelope_rule_wants_an_spf_pass(mail_host: MailHost) -> None:
    mail_host.obey(rule("EX-4", envelope_domain="example.net"))
    assert mail_host.send(source=zones.STRANGER_SOURCE, sender="bounce@example.net").code == REFUSED
    assert mail_host.send(source=zones.PARTNER_SOURCE, sender="bounce@example.org").code == REFUSED
    assert mail_host.send(source=zones.VENDOR_SOURCE, sender="").code == REFUSED
    assert mail_host.send(source=zones.VENDOR_SOURCE, sender="bounce@example.net").code == ACCEPTED


def test_an_ipv6_network_ends_at_its_prefix(mail_host: MailHost) -> None:
    mail_host.obey(rule("EX-5", networks=["2001:db8:25::/48"]))
    assert mail_host.send(source=zones.STRANGER_SOURCE_V6).code == REFUSED
    assert mail_host.send(source=zones.VENDOR_SOURCE_V6).code == ACCEPTED
    assert mail_host.send(source="2001:db8:25:ffff::9").code == ACCEPTED


def test_every_recipient_must_be_in_scope(mail_host: MailHost) -> None:
    mail_host.obey(rule("EX-6", networks=[VENDOR], recipients=["staff@example.com", "none.example"]))
    assert mail_host.send(recipients=["boss@example.com"]).code == REFUSED
    assert mail_host.send(recipients=["staff@example.com", "boss@example.com"]).code == REFUSED
    assert mail_host.send(recipients=["Staff@Example.COM", "any@none.example"]).code == ACCEPTED


def test_a_rule_ends_at_its_own_expiry(mail_host: MailHost) -> None:
    expiring = rule("EX-7", networks=[VENDOR], expires_in=3)
    mail_host.obey(expiring)
    assert mail_host.send().code == ACCEPTED
    wait_until(lambda: mail_host.send().code == REFUSED, seconds=10, what="expiry")
    assert time.time() >= expiring["expires_at"]


def test_a_rule_begins_at_its_own_start(mail_host: MailHost) -> None:
    starting = rule("EX-8", networks=[VENDOR], starts_in=3)
    mail_host.obey(starting)
    assert mail_host.send().code == REFUSED
    wait_until(lambda: mail_host.send().code == ACCEPTED, seconds=10, what="start")
    assert time.time() >= starting["not_before"]


def test_a_rule_may_send_its_mail_to_quarantine(mail_host: MailHost) -> None:
    mail_host.obey(rule("EX-9", networks=[VENDOR], action="quarantine"))
    reply = mail_host.send()
    assert is_quarantined(mail_host, reply)
    assert rule_header(mail_host, reply) == ["EX-9"]


def test_mode_monitor_only_watches(mail_host: MailHost) -> None:
    mail_host.obey(rule("EX-1", networks=[VENDOR]), mode="monitor")
    reply = mail_host.send()
    assert not is_quarantined(mail_host, reply)
    assert rule_header(mail_host, reply) == []


def test_mode_quarantine_marks_instead_of_refusing(mail_host: MailHost) -> None:
    mail_host.obey(mode="quarantine")
    assert is_quarantined(mail_host, mail_host.send())


@pytest.mark.parametrize("domain", ["none.example", "sub.none.example", "norecord.example", "sub.norecord.example"])
def test_an_own_domain_is_enforced_though_it_publishes_less(mail_host: MailHost, domain: str) -> None:
    mail_host.obey()
    assert mail_host.send(letter(f"hr@{domain}")).code == REFUSED


def test_an_own_domain_without_a_record_passes_where_it_aligns(mail_host: MailHost) -> None:
    mail_host.obey()
    content = letter("hr@norecord.example")
    assert mail_host.send(content, source=zones.OWN_SOURCE, sender="a@norecord.example").code == ACCEPTED


@pytest.mark.parametrize("domain", ["example.net", "unknown.example", "parent.example"])
def test_a_foreign_domain_that_publishes_nothing_strict_is_never_refused(mail_host: MailHost, domain: str) -> None:
    mail_host.obey()
    reply = mail_host.send(letter(f"hr@{domain}"), source=zones.STRANGER_SOURCE)
    assert not is_quarantined(mail_host, reply)


def test_a_foreign_domain_that_publishes_quarantine_is_not_refused(mail_host: MailHost) -> None:
    mail_host.obey()
    assert is_quarantined(mail_host, mail_host.send(letter("hr@quarantine.example")))


def test_the_subdomain_policy_of_a_foreign_domain_counts(mail_host: MailHost) -> None:
    mail_host.obey()
    assert mail_host.send(letter("hr@sub.parent.example")).code == REFUSED


def test_a_message_that_a_foreign_pct_leaves_out_is_treated_one_step_lower(mail_host: MailHost) -> None:
    mail_host.obey()
    assert is_quarantined(mail_host, mail_host.send(letter("hr@sampled.example")))


def test_past_valid_until_mail_that_only_a_rule_would_admit_is_deferred(mail_host: MailHost) -> None:
    mail_host.obey(rule("EX-1", networks=[VENDOR]), valid_for=-60)
    reply = mail_host.send()
    assert (reply.code, reply.text) == (451, "4.7.1 DMARC exceptions are out of date here, try again later")
    assert not mail_host.sink.has(reply.message_id)
    assert mail_host.send(source=zones.OTHER_VENDOR_SOURCE).code == REFUSED
    assert mail_host.send(source=zones.OWN_SOURCE, sender="hr@example.com").code == ACCEPTED


@pytest.mark.parametrize("source", ["192.0.2.129", "192.0.2.200"])
def test_local_networks_are_not_judged(mail_host: MailHost, source: str) -> None:
    mail_host.obey()
    assert mail_host.send(source=source).code == ACCEPTED


def test_authenticated_senders_are_not_judged(mail_host: MailHost) -> None:
    mail_host.obey()
    assert mail_host.send(login="hr").code == ACCEPTED
