"""The demo's rules are such as the product allows: narrow enough, ending, and approved by a second person."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from dmarcsite.demo.cast import PEOPLE
from dmarcsite.demo.rules import RULES, DemoRule
from dmarcsite.demo.stories import BROAD_RULE, FORWARDER, MAILING_LIST, NEW_SERVICE, STORIES, VENDOR

BY_KEY = {rule.key: rule for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_nobody_approves_what_they_proposed_or_own(rule: DemoRule) -> None:
    asked = {step.person for step in rule.steps if step.act == "propose"} | {rule.owner}
    assert asked.isdisjoint(step.person for step in rule.steps if step.act == "approve")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_every_rule_names_its_source_and_ends(rule: DemoRule) -> None:
    assert rule.networks or rule.dkim_domain or rule.envelope_domain
    assert all(ip_network(net).prefixlen >= 24 for net in rule.networks)
    assert 1 <= rule.days <= 90
    assert len(rule.reason) >= 40


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_the_steps_of_a_rule_are_in_order(rule: DemoRule) -> None:
    days = [step.days_ago for step in rule.steps]
    assert days == sorted(days, reverse=True)
    assert {step.person for step in rule.steps} <= set(PEOPLE)


def test_one_rule_is_in_force_today_one_waits_one_has_expired_and_one_was_revoked() -> None:
    assert {key for key, rule in BY_KEY.items() if rule.is_in_force(days_ago=0)} == {"billing"}
    assert [step.act for step in BY_KEY["payroll"].steps] == ["propose"]
    assert (BY_KEY["list"].is_in_force(days_ago=46), BY_KEY["list"].is_in_force(days_ago=45)) == (True, False)
    assert (BY_KEY["forwarder"].is_in_force(days_ago=53), BY_KEY["forwarder"].is_in_force(days_ago=52)) == (True, False)


def test_the_broad_rule_covers_the_billing_system_the_forwarder_and_the_attacker() -> None:
    covered = {
        (story.key, source)
        for story in STORIES
        for flow in story.flows
        for source in flow.sources
        if BY_KEY["billing"].covers(flow, source=source)
    }
    assert covered == {
        ("broad-rule", "203.0.113.20"),
        ("broad-rule", "203.0.113.21"),
        ("broad-rule", "203.0.113.77"),
        ("broad-rule", "203.0.113.78"),
        ("forwarder", "203.0.113.50"),
    }


def test_a_rule_by_signature_needs_a_signature_that_verifies() -> None:
    payroll = BY_KEY["payroll"]
    assert payroll.covers(VENDOR.flows[1], source="198.51.100.20")
    assert not payroll.covers(FORWARDER.flows[1], source="203.0.113.50")


def test_a_rule_by_envelope_needs_an_spf_pass() -> None:
    assert BY_KEY["list"].covers(MAILING_LIST.flows[0], source="198.51.100.80")
    assert not BY_KEY["list"].covers(BROAD_RULE.flows[0], source="203.0.113.20")


def test_a_rule_holds_for_its_own_from_domain_only() -> None:
    assert not BY_KEY["payroll"].covers(NEW_SERVICE.flows[0], source="198.51.100.140")
