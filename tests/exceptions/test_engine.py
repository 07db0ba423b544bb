"""What holds for every policy and message: rules only open, only for their pair, and the index changes no answer."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exceptions.engine.addresses import read_address, read_network
from exceptions.engine.decide import decide
from exceptions.engine.facts import MessageFacts
from exceptions.engine.match import Match, Miss, match
from exceptions.engine.policy import Policy, parse_policy
from exceptions.engine.rule import Rule, read_rule
from exceptions.engine.share import is_enforced
from exceptions.engine.wire import MAX_BYTES, PolicyDocument, render
from exceptions.errors import PolicyError
from exceptions.vocabulary import DmarcResult, MissReason, Published, Verdict

NOW = 1_795_500_000
STRICTNESS = {Verdict.ACCEPT: 0, Verdict.DEFER: 1, Verdict.QUARANTINE: 1, Verdict.REJECT: 2}


def a_rule(identifier: str = "EX-1", **changes: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "header_from": "example.com",
        "networks": ["198.51.100.25/32"],
        "dkim_domain": None,
        "envelope_domain": None,
        "recipients": [],
        "action": "deliver",
        "not_before": NOW - 100,
        "expires_at": NOW + 100,
        **changes,
    }


def a_policy(rules: list[dict[str, Any]], *, mode: str = "reject", share: int = 100, stale: bool = False) -> Policy:
    document: dict[str, Any] = {
        "format": "sekimori-policy/1",
        "node": "mx-1",
        "organisation": "example",
        "number": 1,
        "generated_at": NOW - 600,
        "valid_until": NOW - 1 if stale else NOW + 259_200,
        "own_domains": ["example.com"],
        "enforcement": {"default": {"mode": mode, "share": share}, "domains": {}},
        "rules": rules,
    }
    return parse_policy(render(cast("PolicyDocument", document)))


FACTS = MessageFacts(source_ip="198.51.100.25", header_from=("example.com",), recipients=("a@example.com",))


@pytest.mark.parametrize(
    ("rule", "facts", "reason"),
    [
        ({}, {"header_from": ("example.com", "example.com")}, "from_not_single"),
        ({}, {"header_from": ()}, "from_not_single"),
        ({}, {"header_from": ("mail.example.com",)}, "header_from"),
        ({"not_before": NOW + 1}, {}, "not_yet"),
        ({"expires_at": NOW}, {}, "expired"),
        ({}, {"source_ip": "198.51.100.26"}, "network"),
        ({}, {"source_ip": "2001:db8::1"}, "network"),
        ({"dkim_domain": "example.net"}, {}, "dkim_domain"),
        ({"envelope_domain": "example.net"}, {"spf_pass": True}, "envelope_domain"),
        ({"envelope_domain": "example.net"}, {"envelope_domain": "example.net"}, "spf_not_pass"),
        ({"recipients": ["b@example.com"]}, {}, "recipients"),
        ({"recipients": ["a@example.com"]}, {"recipients": ()}, "recipients"),
    ],
)
def test_a_miss_says_why(rule: dict[str, Any], facts: dict[str, Any], reason: str) -> None:
    given_facts = {
        "source_ip": "198.51.100.25",
        "header_from": ("example.com",),
        "recipients": ("a@example.com",),
        **facts,
    }
    assert match(read_rule(a_rule(**rule), "rules[0]"), MessageFacts(**given_facts), now=NOW) == Miss(
        "EX-1", MissReason(reason)
    )


def test_a_match_names_its_rule() -> None:
    assert match(read_rule(a_rule(), "rules[0]"), FACTS, now=NOW) == Match("EX-1")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"format":NaN}', "not_json"),
        (b"9" * 5000, "not_json"),
        (b"null", "not_an_object"),
        (b'{"format":"sekimori-policy/1","format":"sekimori-policy/1"}', "duplicate_key"),
        (b'{"format":["sekimori-policy/1"]}', "unknown_format"),
        (b" " * (MAX_BYTES + 1), "too_large"),
    ],
)
def test_bytes_that_are_no_policy_are_refused_by_code(body: bytes, code: str) -> None:
    with pytest.raises(PolicyError) as refusal:
        parse_policy(body)
    assert refusal.value.code == code


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(PolicyError) as refusal:
        a_policy([a_rule("EX-1"), a_rule("EX-2", networks=["192.0.2.0/24", "198.51.0.0/16"])])
    assert refusal.value.params == {"place": "rules[1].networks[1]", "value": "'198.51.0.0/16'"}


@pytest.mark.parametrize("text", ["", "1.2.3", "192.0.2.1/32", "192.0.2.256", "fe80::1%eth0", "a\0b", "١.1.1.1", ":::"])
def test_text_that_is_no_address_is_none(text: str) -> None:
    assert read_address(text) is None


@pytest.mark.parametrize(
    "text", ["192.0.2.1/33", "192.0.2.0/024", "192.0.2.0/²4", "192.0.2.0/", "2001:DB8::/48", "/24"]
)
def test_text_that_is_no_canonical_network_is_none(text: str) -> None:
    assert read_network(text) is None


DOMAINS = st.sampled_from(["example.com", "example.org", "mail.example.com", "com", ""])
OTHERS = st.sampled_from(["example.net", "a.example.net", "example.com"])
ADDRESSES = st.sampled_from(
    ["198.51.100.25", "198.51.100.77", "192.0.2.1", "2001:db8:25::1", "2001:db8:26::1", "::ffff:192.0.2.1", "?"]
)
RECIPIENTS = st.sampled_from(["a@example.com", "b@example.com", "c@example.org", "postmaster"])
FACTS_OF_ANY_KIND = st.builds(
    MessageFacts,
    source_ip=ADDRESSES,
    header_from=st.lists(DOMAINS, max_size=2).map(tuple),
    envelope_domain=OTHERS,
    spf_pass=st.booleans(),
    dkim_domains=st.frozensets(OTHERS, max_size=2),
    recipients=st.lists(RECIPIENTS, max_size=3).map(tuple),
    dmarc_result=st.sampled_from(DmarcResult),
    published=st.sampled_from(Published),
)
NETWORKS = st.sampled_from(
    ["198.51.100.25/32", "198.51.100.0/24", "192.0.2.0/31", "2001:db8:25::/48", "2001:db8:26::1/128"]
)
RULES = st.lists(
    st.fixed_dictionaries(
        {
            "header_from": DOMAINS.filter(bool),
            "networks": st.lists(NETWORKS, max_size=2),
            "dkim_domain": st.none() | OTHERS,
            "envelope_domain": st.none() | OTHERS,
            "recipients": st.lists(RECIPIENTS.filter(lambda text: "@" in text) | OTHERS, max_size=2),
            "action": st.sampled_from(["deliver", "quarantine"]),
            "not_before": st.sampled_from([NOW - 5, NOW + 5]),
        }
    ).filter(lambda rule: rule["networks"] or rule["dkim_domain"] or rule["envelope_domain"]),
    max_size=8,
).map(lambda rules: [a_rule(f"EX-{number}", **rule) for number, rule in enumerate(rules)])
MODES = st.sampled_from(["monitor", "quarantine", "reject"])


@settings(deadline=None)
@given(rules=RULES, facts=FACTS_OF_ANY_KIND)
def test_the_index_finds_exactly_what_asking_every_rule_finds(rules: list[dict[str, Any]], facts: MessageFacts) -> None:
    policy = a_policy(rules)
    asked = [rule for rule in policy.rules if isinstance(match(rule, facts, now=NOW), Match)]
    assert policy.rule_for(facts, now=NOW) == min(asked, key=lambda rule: rule.rank, default=None)


@settings(deadline=None)
@given(rules=RULES, facts=FACTS_OF_ANY_KIND, mode=MODES)
def test_the_order_of_rules_is_of_no_account(rules: list[dict[str, Any]], facts: MessageFacts, mode: str) -> None:
    forwards, backwards = a_policy(rules, mode=mode), a_policy(rules[::-1], mode=mode)
    assert decide(facts, forwards, now=NOW) == decide(facts, backwards, now=NOW)


@settings(deadline=None)
@given(rules=RULES, facts=FACTS_OF_ANY_KIND, mode=MODES, stale=st.booleans())
def test_one_more_rule_never_makes_the_outcome_stricter(
    rules: list[dict[str, Any]], facts: MessageFacts, mode: str, *, stale: bool
) -> None:
    fewer = decide(facts, a_policy(rules[:-1], mode=mode, stale=stale), now=NOW)
    more = decide(facts, a_policy(rules, mode=mode, stale=stale), now=NOW)
    assert STRICTNESS[more.verdict] <= STRICTNESS[fewer.verdict]


@settings(deadline=None)
@given(rules=RULES, facts=FACTS_OF_ANY_KIND)
def test_a_rule_for_another_from_domain_changes_nothing(rules: list[dict[str, Any]], facts: MessageFacts) -> None:
    others = [rule for rule in rules if rule["header_from"] not in facts.header_from]
    assert decide(facts, a_policy(others), now=NOW) == decide(facts, a_policy([]), now=NOW)


@settings(deadline=None)
@given(source=st.ip_addresses().map(str), share=st.integers(0, 99))
def test_a_growing_share_only_adds_pairs(source: str, share: int) -> None:
    small = is_enforced(share=share, source=source, header_from="example.com")
    large = is_enforced(share=share + 1, source=source, header_from="example.com")
    assert large or not small


@given(text=st.text())
def test_any_text_of_a_message_is_decided_without_an_error(text: str) -> None:
    facts = MessageFacts(source_ip=text, header_from=(text,), envelope_domain=text, recipients=(text,))
    assert decide(facts, a_policy([a_rule()], share=50), now=NOW).verdict == Verdict.ACCEPT


def many(kind: str) -> list[dict[str, Any]]:
    """10,000 rules for one From domain: of mixed evidence, or all of one source and told apart by recipient."""
    if kind == "one source":
        return [a_rule(f"EX-{n}", recipients=[f"u{n}@example.com"]) for n in range(10_000)]
    evidence: list[dict[str, Any]] = [
        {"networks": ["10.{0}.{1}.{2}/32"]}, {"networks": ["172.16.{2}.0/24"], "recipients": ["u{1}{2}@example.com"]},
        {"networks": ["2001:db8:{1:x}{2:02x}::/48"]}, {"networks": [], "dkim_domain": "d{1}-{2}.example.net"},
    ]  # fmt: skip

    def filled(value: Any, n: int) -> Any:
        if isinstance(value, list):
            return [text.format(0, 16 + (n >> 8), n & 255) for text in value]
        return value.format(0, 16 + (n >> 8), n & 255)

    return [a_rule(f"EX-{n}", **{k: filled(v, n) for k, v in evidence[n % 4].items()}) for n in range(10_000)]


@pytest.mark.parametrize("kind", ["mixed", "one source"])
def test_a_decision_among_ten_thousand_rules_of_one_domain_costs_as_much_as_among_ten(kind: str) -> None:
    """A ratio, because machines are noisy: an index that scanned would be hundreds of times slower."""
    rules = many(kind)

    def median(policy: Policy) -> int:
        spent = []
        for n in range(2_000):
            facts = MessageFacts("10.0.17.4", ("example.com",), "", False, frozenset(), (f"u{n}@example.com",))
            begun = time.perf_counter_ns()
            decide(facts, policy, now=NOW)
            spent.append(time.perf_counter_ns() - begun)
        return sorted(spent)[1_000]

    assert median(a_policy(rules)) < 5 * median(a_policy(rules[:12]))


def test_a_rule_is_read_as_it_is_written() -> None:
    rule = read_rule(a_rule(networks=["2001:db8:25::/48"], recipients=["example.com"]), "rules[0]")
    assert isinstance(rule, Rule)
    assert (rule.networks[0].bits, rule.networks[0].prefix, rule.recipients) == (128, 48, frozenset({"example.com"}))
