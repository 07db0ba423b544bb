"""See, decide, enforce, measure: the whole loop once, with every part real and people at browsers.

Sekimori runs as web server, worker, PostgreSQL and Valkey; the mail host as Postfix, Rspamd with our plugin, the agent, DNS
and a Valkey of its own; reports lie in Dovecot. Source addresses come by XCLIENT, all else is as in production.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.exceptions.agent_feed import Feed, serving
from tests.mailhost import zones
from tests.mailhost.daemon import wait_until
from tests.mailhost.dovecot import Dovecot
from tests.mailhost.host import MailHost
from tests.mailhost.letters import Reply, letter
from tests.proof import reports
from tests.proof.node import Agent
from tests.proof.people import Person
from tests.website.site import ADMINISTRATOR, Site

OBEYS_WITHIN = 5.0
"""Seconds from a decision to the filter that obeys it."""
SHOWN_WITHIN = 10.0
"""Seconds from a message to the hit on its rule's page."""
MAILBOX = "reports@example.com"


@dataclass(frozen=True)
class Sender:
    """One way in which mail comes: from an address, with an envelope, under a From."""

    source: str
    envelope: str
    header_from: str = "hr@example.com"

    def sends(self, host: MailHost) -> Reply:
        return host.send(letter(self.header_from), source=self.source, sender=self.envelope)


PAYROLL = Sender(zones.VENDOR_SOURCE, "bounce@payroll.example")
PAYROLL_AS_BILLING = Sender(zones.VENDOR_SOURCE, "bounce@payroll.example", "hr@billing.example.com")
STRANGER = Sender(zones.STRANGER_SOURCE, "bounce@payroll.example")
STRANGER_AS_BILLING = Sender(zones.STRANGER_SOURCE, "bounce@payroll.example", "hr@billing.example.com")
NEWSLETTER = Sender(zones.OTHER_VENDOR_SOURCE, "bounce@example.net")
FORGED_NEWSLETTER = Sender(zones.STRANGER_SOURCE, "bounce@example.net")


@dataclass
class Loop:
    """The mail host with what was sent through it, and the people."""

    host: MailHost
    agent: Agent
    administrator: Person
    analyst: Person
    approver: Person
    accepted: Counter[Sender] = field(default_factory=Counter)

    def accepts(self, sender: Sender) -> bool:
        """Send one letter; an accepted one must arrive."""
        reply = sender.sends(self.host)
        if reply.code == 250:
            self.host.delivered(reply)
            self.accepted[sender] += 1
        return reply.code == 250

    def rejects(self, sender: Sender) -> bool:
        """Send one letter; a refused one must be refused for DMARC."""
        reply = sender.sends(self.host)
        return reply.code == 554 and "failed DMARC" in reply.text

    def obeys(self, verdict: Callable[[Sender], bool], sender: Sender) -> None:
        """The verdict must hold for the sender's mail soon after what was decided just now."""
        decided = time.monotonic()
        wait_until(lambda: verdict(sender), seconds=OBEYS_WITHIN, what=f"{verdict.__name__} {sender}")
        assert time.monotonic() - decided < OBEYS_WITHIN

    def hits(self, rule: str, count: int) -> None:
        """The rule's page must soon show exactly so many hits."""
        text = f"{count} hit in 30 days" if count == 1 else f"{count} hits in 30 days"
        self.analyst.wait_for_text(rule, text, seconds=SHOWN_WITHIN)


@pytest.fixture
def loop(browser: Browser, site: Site, fresh_mail_host: MailHost, agent: Agent) -> Loop:
    """The administrator has invited an analyst and an approver."""
    administrator, analyst, approver = (Person(browser, site) for _ in range(3))
    administrator.log_in(ADMINISTRATOR)
    for person, role in ((analyst, "analyst"), (approver, "approver")):
        link = administrator.invite(f"{role}@example.com", role=role)
        person.accept_invitation(link, name=role.title())
    return Loop(fresh_mail_host, agent, administrator, analyst, approver)


def test_reports_come_in_people_decide_and_the_filter_obeys(loop: Loop, site: Site, dovecot: Dovecot) -> None:
    failing_sources_are_seen(loop, site, dovecot)
    nothing_is_enforced_until_somebody_says_so(loop)
    the_domain_is_set_to_reject(loop)
    kept = an_exception_is_approved_by_another_person(loop)
    it_lets_in_this_pair_and_no_other(loop)
    old = loop.agent.live
    revoked(loop, kept)
    newsletter = four_eyes_hold_for_an_approver_too(loop)
    over_at = a_rule_with_a_near_end(loop)
    the_application_is_stopped(loop, site)
    hostile_policies_are_refused(loop, site, old)
    the_end_of_a_rule_needs_nobody(loop, over_at)
    damaged_files_are_refused(loop, old)
    the_application_comes_back(loop, site, newsletter)
    nobody_s_browser_complained(loop)


def failing_sources_are_seen(loop: Loop, site: Site, dovecot: Dovecot) -> None:
    dovecot.add_user(MAILBOX, password="secret")
    for mail in reports.mails(payroll=PAYROLL.source, newsletter=NEWSLETTER.source):
        dovecot.append(MAILBOX, mail)
    loop.administrator.add_mailbox(dovecot, user=MAILBOX, password="secret")
    site.tick("reports.tasks.dispatch_due_mailboxes")
    row = loop.analyst.wait_for_source(PAYROLL.source)
    expect(row).to_contain_text("40")
    expect(row).to_contain_text("example.com")
    # A mail is acknowledged after its rows are committed, so a little later than they are seen.
    wait_until(
        lambda: all(b"$SekimoriRead" in flags for _, flags in dovecot.messages(MAILBOX)),
        seconds=SHOWN_WITHIN,
        what="each mail flagged as read",
    )


def nothing_is_enforced_until_somebody_says_so(loop: Loop) -> None:
    token, configuration = loop.administrator.enrol_node("mx.example.com")
    loop.agent.install(token=token, configuration=configuration)
    loop.agent.start()
    assert loop.accepts(PAYROLL), "a first policy must only monitor"
    assert own_domains(loop) == [], "a report made a domain ours"


def own_domains(loop: Loop) -> list[str]:
    policy: dict[str, list[str]] = json.loads(loop.agent.live[0])
    return policy["own_domains"]


def the_domain_is_set_to_reject(loop: Loop) -> None:
    loop.administrator.name_our_domain("example.com")
    loop.administrator.enforce("reject", domain="example.com")
    loop.obeys(loop.rejects, PAYROLL)
    assert loop.rejects(NEWSLETTER)
    assert own_domains(loop) == ["example.com"]


def an_exception_is_approved_by_another_person(loop: Loop) -> str:
    rule = loop.analyst.request_exception(PAYROLL.source, header_from="example.com")
    expect(loop.analyst.page.get_by_role("link", name="Review and approve")).to_have_count(0)
    assert loop.analyst.page.goto(f"{rule}approve/").status == 403, "an analyst sees the page of approval"
    assert loop.analyst.try_to_approve(rule) == 403, "an analyst approved by a plain POST"
    assert loop.rejects(PAYROLL), "a rule that nobody approved has an effect"
    loop.approver.approve(rule)
    loop.obeys(loop.accepts, PAYROLL)
    return rule


def it_lets_in_this_pair_and_no_other(loop: Loop) -> None:
    assert loop.accepts(PAYROLL), "the approved source under the approved From"
    assert loop.rejects(PAYROLL_AS_BILLING), "the approved source under another From"
    assert loop.rejects(STRANGER), "another source under the approved From"
    assert loop.rejects(STRANGER_AS_BILLING), "another source under another From"


def revoked(loop: Loop, rule: str) -> None:
    loop.hits(rule, 2)
    loop.analyst.revoke(rule)
    loop.obeys(loop.rejects, PAYROLL)
    expect(loop.analyst.page.locator("h1")).to_contain_text("Revoked")


def four_eyes_hold_for_an_approver_too(loop: Loop) -> str:
    rule = loop.approver.request_exception(NEWSLETTER.source, header_from="example.com")
    expect(loop.approver.page.locator("main")).to_contain_text("an envelope address of example.net that passes SPF")
    expect(loop.approver.page.get_by_role("link", name="Review and approve")).to_have_count(0)
    assert loop.approver.page.goto(f"{rule}approve/").status in {403, 409}, "an approver may approve what they proposed"
    assert loop.approver.try_to_approve(rule) in {403, 409}, "an approver approved what they proposed by a plain POST"
    assert loop.rejects(NEWSLETTER), "a rule that nobody else approved has an effect"
    loop.administrator.approve(rule)
    loop.obeys(loop.accepts, NEWSLETTER)
    assert loop.rejects(FORGED_NEWSLETTER), "an envelope domain counts without its SPF pass"
    return rule


def a_rule_with_a_near_end(loop: Loop) -> datetime:
    over_at = datetime.now(tz=UTC).replace(microsecond=0) + timedelta(seconds=20)
    rule = loop.analyst.request_exception(PAYROLL.source, header_from="example.com", until=over_at)
    loop.approver.approve(rule)
    loop.obeys(loop.accepts, PAYROLL)
    return over_at


def the_application_is_stopped(loop: Loop, site: Site) -> None:
    site.stop()
    assert loop.accepts(PAYROLL), "without the application an approved pair was refused"
    assert loop.accepts(NEWSLETTER), "without the application an approved pair was refused"
    assert loop.rejects(STRANGER), "without the application everybody was let in"


def hostile_policies_are_refused(loop: Loop, site: Site, old: tuple[bytes, str]) -> None:
    body, signature = good = loop.agent.live
    with serving(Feed(post_status=503), port=site.port) as feed:
        wider = body.replace(b'"mode":"reject"', b'"mode":"monitor"')
        assert wider != body
        loop.agent.wait_for_refusal("bad_signature", while_doing=lambda: feed.publish(wider, signature=signature))
        loop.agent.wait_for_refusal("rollback", while_doing=lambda: feed.publish(old[0], signature=old[1]))
    assert loop.agent.live == good, "a hostile server replaced the policy"
    assert loop.rejects(STRANGER)
    assert loop.accepts(NEWSLETTER)


def the_end_of_a_rule_needs_nobody(loop: Loop, over_at: datetime) -> None:
    left = (over_at - datetime.now(tz=UTC)).total_seconds()
    wait_until(lambda: loop.rejects(PAYROLL), seconds=max(left, 0) + OBEYS_WITHIN, what="the end of the rule")
    assert datetime.now(tz=UTC) >= over_at, "the rule ended before its time"
    assert loop.accepts(NEWSLETTER), "another rule ended with it"


def damaged_files_are_refused(loop: Loop, old: tuple[bytes, str]) -> None:
    loop.agent.stop()
    good, _ = loop.agent.live
    open_to_all = good.replace(b'"networks":[]', b'"networks":["0.0.0.0/0"]')
    assert open_to_all != good
    for document in (old[0], open_to_all, good[: len(good) // 2], b""):
        loop.host.write_policy(document)
        assert loop.rejects(PAYROLL), f"this file was obeyed: {document!r}"
        assert loop.rejects(STRANGER), f"this file was obeyed: {document!r}"
        assert loop.accepts(NEWSLETTER), f"this file was obeyed: {document!r}"


def the_application_comes_back(loop: Loop, site: Site, newsletter: str) -> None:
    site.start_web()
    loop.agent.start()
    loop.hits(newsletter, loop.accepted[NEWSLETTER])


def nobody_s_browser_complained(loop: Loop) -> None:
    for person in (loop.administrator, loop.analyst, loop.approver):
        # Chromium reports every page that is refused, as the two of them were above.
        assert [each for each in person.window.complaints if "/approve/" not in each] == []
