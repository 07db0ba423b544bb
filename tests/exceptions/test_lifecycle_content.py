"""What a rule may say: every refusal with its code and field, and the canonical form of what passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exceptions.engine.rule import read_rule
from exceptions.errors import ExpiryInvalid, RuleError, RuleInvalid, RuleTooBroad
from exceptions.lifecycle.content import RuleContent, checked, problems, to_document, to_domain, to_network
from exceptions.vocabulary import ReasonCode, RuleAction

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PLAIN = RuleContent(
    header_from="example.com",
    networks=("198.51.100.25",),
    reason_code=ReasonCode.MIGRATION,
    reason_text="The old mail relay is in use until the move is done in spring.",
    owner_id=1,
    starts_at=NOW,
    expires_at=NOW + timedelta(days=30),
)


@pytest.mark.parametrize(
    ("changes", "kind", "code", "field"),
    [
        ({"header_from": " "}, RuleTooBroad, "no_from_domain", "header_from"),
        ({"networks": ()}, RuleTooBroad, "no_source_evidence", "networks"),
        ({"networks": ("198.51.0.0/23",)}, RuleTooBroad, "network_too_wide", "networks"),
        ({"networks": ("0.0.0.0/0",)}, RuleTooBroad, "network_too_wide", "networks"),
        ({"networks": ("2001:db8::/47",)}, RuleTooBroad, "network_too_wide", "networks"),
        ({"networks": ("198.51.100.1",) * 33}, RuleTooBroad, "too_many_networks", "networks"),
        ({"networks": ("198.51.100.25/24",)}, RuleInvalid, "network_has_host_bits", "networks"),
        ({"networks": ("example.com",)}, RuleInvalid, "bad_network", "networks"),
        ({"networks": ("fe80::1%eth0",)}, RuleInvalid, "bad_network", "networks"),
        ({"header_from": "*.example.com"}, RuleInvalid, "bad_domain", "header_from"),
        ({"header_from": "com"}, RuleInvalid, "bad_domain", "header_from"),
        ({"header_from": "a@example.com"}, RuleInvalid, "bad_domain", "header_from"),
        ({"dkim_domain": "com"}, RuleInvalid, "bad_domain", "dkim_domain"),
        ({"dkim_domain": ""}, RuleInvalid, "bad_domain", "dkim_domain"),
        ({"envelope_domain": "exa mple.com"}, RuleInvalid, "bad_domain", "envelope_domain"),
        ({"recipients": ("@example.com",)}, RuleInvalid, "bad_recipient", "recipients"),
        ({"recipients": ("example.com",) * 201}, RuleInvalid, "too_many_recipients", "recipients"),
        ({"reason_text": " because".ljust(60)}, RuleInvalid, "reason_too_short", "reason_text"),
        ({"reason_text": "x" * 4001}, RuleInvalid, "reason_too_long", "reason_text"),
        ({"starts_at": NOW - timedelta(days=9), "expires_at": NOW}, ExpiryInvalid, "expiry_past", "expires_at"),
        ({"starts_at": NOW + timedelta(days=31)}, ExpiryInvalid, "expiry_before_start", "expires_at"),
        ({"expires_at": NOW + timedelta(days=90, seconds=1)}, ExpiryInvalid, "expiry_too_far", "expires_at"),
        (
            {"starts_at": NOW + timedelta(days=90, seconds=1), "expires_at": NOW + timedelta(days=99)},
            ExpiryInvalid,
            "start_too_far",
            "starts_at",
        ),
    ],
)
def test_each_refusal_has_a_code_and_names_its_field(
    changes: dict[str, Any], kind: type[RuleError], code: str, field: str
) -> None:
    with pytest.raises(kind) as caught:
        checked(replace(PLAIN, **changes), at=NOW)
    assert (caught.value.code, caught.value.params["field"]) == (code, field)


def test_a_form_can_show_every_problem_at_once() -> None:
    bad = replace(PLAIN, header_from="", networks=(), reason_text="", expires_at=NOW)
    assert [problem.code for problem in problems(bad, at=NOW)] == [
        "no_from_domain",
        "no_source_evidence",
        "reason_too_short",
        "expiry_past",
        "expiry_before_start",
    ]


def test_host_bits_are_refused_with_the_network_that_was_meant() -> None:
    with pytest.raises(RuleInvalid) as caught:
        to_network("198.51.100.25/24")
    assert caught.value.params["meant"] == "198.51.100.0/24"


def test_what_passes_is_in_the_form_that_filters_compare() -> None:
    tokyo = timezone(timedelta(hours=9))
    given_content = replace(
        PLAIN,
        header_from=" BÜCHER.example. ",
        networks=("2001:DB8:0:0::1", "198.51.100.0/24", "198.51.100.7", "198.51.100.7/32", "::ffff:192.0.2.1"),
        dkim_domain="Vendor.EXAMPLE",
        envelope_domain="bounce.vendor.example",
        recipients=("Payroll@Example.COM", "example.com", "example.com"),
        reason_text=f"  {PLAIN.reason_text}\n",
        starts_at=NOW.astimezone(tokyo) + timedelta(microseconds=7),
        expires_at=NOW + timedelta(days=90, microseconds=7),
    )
    content = checked(given_content, at=NOW)
    assert content.header_from == "xn--bcher-kva.example"
    assert content.networks == ("192.0.2.1/32", "198.51.100.0/24", "198.51.100.7/32", "2001:db8::1/128")
    assert (content.dkim_domain, content.envelope_domain) == ("vendor.example", "bounce.vendor.example")
    assert content.recipients == ("example.com", "payroll@example.com")
    assert content.reason_text == PLAIN.reason_text
    assert (content.starts_at, content.expires_at) == (NOW, NOW + timedelta(days=90))
    assert checked(content, at=NOW) == content


def test_the_canonical_form_is_one_that_the_engine_reads() -> None:
    content = checked(replace(PLAIN, dkim_domain="vendor.example", recipients=("a@example.com",)), at=NOW)
    rule = read_rule(to_document(content), "rule")
    assert (rule.header_from, rule.dkim_domain, rule.action) == ("example.com", "vendor.example", RuleAction.DELIVER)


@given(st.text(max_size=60))
def test_no_text_is_taken_for_a_network_that_the_engine_refuses(text: str) -> None:
    try:
        network = to_network(text)
    except RuleError:
        return
    read_rule(to_document(checked(replace(PLAIN, networks=(network,)), at=NOW)), "rule")


@given(st.text(max_size=80))
def test_no_text_is_taken_for_a_domain_that_the_engine_refuses(text: str) -> None:
    domain = to_domain(text)
    if domain is not None:
        assert read_rule(to_document(checked(replace(PLAIN, header_from=domain), at=NOW)), "rule").header_from == domain


def test_full_width_characters_count_twice() -> None:
    """Twenty Japanese characters say what forty English ones do."""
    assert next(problems(replace(PLAIN, reason_text="外" * 19), at=NOW)).params["length"] == 38
    assert list(problems(replace(PLAIN, reason_text="外" * 20), at=NOW)) == []
