"""What a forger may write into a message, and what it must not gain by it: real SMTP through Postfix and Rspamd."""

from __future__ import annotations

import pytest

from tests.mailhost import zones
from tests.mailhost.host import MailHost
from tests.mailhost.letters import letter
from tests.mailhost.policies import rule

REFUSED, ACCEPTED = 554, 250
VENDOR = f"{zones.VENDOR_SOURCE}/32"


@pytest.mark.parametrize(
    "authors",
    [
        "hr@example.com, sales@example.net",
        "sales@example.net, hr@example.com",
        "hr@example.com, boss@example.com",
        "sales@example.net, hr@norecord.example",
    ],
)
def test_a_second_author_opens_neither_a_rule_nor_a_gap(mail_host: MailHost, authors: str) -> None:
    mail_host.obey(rule("EX-1", networks=[VENDOR]))
    assert mail_host.send(letter(authors)).code == REFUSED


@pytest.mark.parametrize("other", ["sales@example.net", "boss@example.com"])
def test_a_second_from_field_opens_neither_a_rule_nor_a_gap(mail_host: MailHost, other: str) -> None:
    mail_host.obey(rule("EX-1", networks=[VENDOR]))
    assert mail_host.send(letter(extra=[("From", other)])).code == REFUSED
    assert mail_host.send(letter(other, extra=[("From", "hr@example.com")])).code == REFUSED


@pytest.mark.parametrize(
    "author",
    [
        "hr@example.com>",
        ">hr@example.com;",
        "staff: hr@example.com;",
        "hr @ example.com",
        "hr@example.com <>",
        '"hr@example.com" <>',
        "hr@example.com@example.net",
        "hr@norecord.example>",
    ],
)
def test_a_from_that_rspamd_cannot_read_hides_no_own_domain(mail_host: MailHost, author: str) -> None:
    mail_host.obey()
    assert mail_host.send(letter(author)).code == REFUSED


def test_a_foreign_from_that_rspamd_cannot_read_is_left_to_others(mail_host: MailHost) -> None:
    mail_host.obey()
    assert mail_host.send(letter("hr@unknown.example>")).code == ACCEPTED


def test_a_display_name_is_not_an_author(mail_host: MailHost) -> None:
    mail_host.obey()
    assert mail_host.send(letter('"hr@example.com" <sales@example.net>')).code == ACCEPTED


def test_several_own_authors_who_are_all_aligned_are_let_in(mail_host: MailHost) -> None:
    mail_host.obey()
    reply = mail_host.send(letter("hr@example.com, boss@example.com"), source=zones.OWN_SOURCE, sender="hr@example.com")
    assert reply.code == ACCEPTED


@pytest.mark.parametrize(
    "domain", ["EXAMPLE.COM", "example.com.", "bücher.example", "BÜCHER.example", "xn--bcher-kva.example"]
)
def test_another_writing_of_an_own_domain_is_the_own_domain(mail_host: MailHost, domain: str) -> None:
    mail_host.obey()
    assert mail_host.send(letter(f"hr@{domain}")).code == REFUSED


@pytest.mark.parametrize("name", ["X-Sekimori-Rule", "x-sekimori-rule"])
def test_a_rule_header_from_outside_is_removed(mail_host: MailHost, name: str) -> None:
    mail_host.obey(rule("EX-1", networks=[VENDOR]))
    forged = letter(extra=[(name, "EX-99"), (name, "EX-98")])
    assert mail_host.send(forged, source=zones.STRANGER_SOURCE).code == REFUSED
    passing = letter(extra=[(name, "EX-99"), (name, "EX-98")])
    reply = mail_host.send(passing, source=zones.OWN_SOURCE, sender="hr@example.com")
    assert mail_host.delivered(reply).message.get_all("X-Sekimori-Rule") is None
    reply = mail_host.send(letter(extra=[(name, "EX-99")]))
    assert mail_host.delivered(reply).message.get_all("X-Sekimori-Rule") == ["EX-1"]


def test_a_rule_header_from_an_authenticated_sender_is_removed(mail_host: MailHost) -> None:
    mail_host.obey()
    reply = mail_host.send(letter(extra=[("X-Sekimori-Rule", "EX-99")]), login="hr")
    assert mail_host.delivered(reply).message.get_all("X-Sekimori-Rule") is None


@pytest.mark.parametrize(
    "forged", ["mx.example.com; dmarc=pass", "MX.example.com ; dmarc=pass", "mx.example.com\r\n ; dmarc=pass"]
)
def test_authentication_results_from_outside_in_our_name_are_removed(mail_host: MailHost, forged: str) -> None:
    mail_host.obey(mode="monitor")
    reply = mail_host.send(letter(extra=[("Authentication-Results", forged)]))
    [results] = mail_host.delivered(reply).message.get_all("Authentication-Results", [])
    assert "dmarc=fail" in results
    assert "dmarc=pass" not in results


def test_authentication_results_from_outside_do_not_change_the_verdict(mail_host: MailHost) -> None:
    mail_host.obey()
    forged = letter(extra=[("Authentication-Results", "mx.example.com; dmarc=pass header.from=example.com")])
    assert mail_host.send(forged).code == REFUSED
