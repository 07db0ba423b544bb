"""Makes policies of many rules and messages to judge by them: the same for the same size. Measures nothing."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from exceptions.engine.facts import MessageFacts
from exceptions.engine.wire import PolicyDocument, RuleDocument, render
from exceptions.vocabulary import Published

NOW = 1_795_500_000
DAY = 86_400
DOMAIN = "example.com"
KINDS = 8


def policy(rules: int) -> bytes:
    """A policy in mode reject whose rules are of every kind: half of them name one address."""
    document: PolicyDocument = {
        "format": "sekimori-policy/1", "node": "mx-1", "organisation": "example", "number": 1,
        "generated_at": NOW, "valid_until": NOW + 3 * DAY, "own_domains": [DOMAIN],
        "enforcement": {"default": {"mode": "reject", "share": 100}, "domains": {}},
        "rules": [_rule(number) for number in range(rules)],
    }  # fmt: skip
    return render(document)


def messages(count: int, *, rules: int) -> Iterator[MessageFacts]:
    """Failing messages; half of them have what a rule asks for, the others what none of them does."""
    chance = Random(f"messages {count}")
    for _ in range(count):
        wanted = _rule(int(chance.random() * 2 * rules))
        networks = wanted["networks"]
        yield MessageFacts(
            source_ip=networks[0].partition("/")[0] if networks else "192.0.2.1",
            header_from=(DOMAIN,),
            envelope_domain=wanted["envelope_domain"] or "example.net",
            spf_pass=True,
            dkim_domains=frozenset({wanted["dkim_domain"] or "signer.example.net"}),
            recipients=("someone@example.com",),
            published=Published.REJECT,
        )


def _rule(number: int) -> RuleDocument:
    rule: RuleDocument = {
        "id": f"EX-{number}", "header_from": DOMAIN, "networks": [], "dkim_domain": None, "envelope_domain": None,
        "recipients": [], "action": "deliver", "not_before": NOW - DAY, "expires_at": NOW + DAY,
    }  # fmt: skip
    address = f"198.{18 + number // 65536 % 2}.{number // 256 % 256}.{number % 256}"  # RFC 2544: for benchmarks
    match number % KINDS:
        case 0:
            rule["networks"] = [f"2001:db8:{number % 65535 + 1:x}::/48"]
        case 1:
            rule["dkim_domain"] = f"signer{number}.example"
        case 2:
            rule |= {"networks": [f"{address}/32"], "envelope_domain": f"bounce{number}.example"}
        case 3:
            rule["networks"] = [f"{address.rpartition('.')[0]}.0/24"]
        case _:
            rule["networks"] = [f"{address}/32"]
    return rule
