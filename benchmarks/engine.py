"""`make bench-engine`: how long one decision takes among many rules, beside asking rule by rule in the same run.

Prints one JSON line for each way. Fails where the two ways name different rules.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable

from benchmarks.policies import NOW, messages, policy
from exceptions.engine.decide import decide
from exceptions.engine.facts import MessageFacts
from exceptions.engine.match import Match, match
from exceptions.engine.policy import Policy, parse_policy

Answer = Callable[[MessageFacts, Policy], str | None]


def main() -> None:
    options = _options()
    live = parse_policy(policy(options.rules))
    judged = list(messages(options.messages, rules=options.rules))
    few = judged[: options.linear]
    if [by_index(facts, live) for facts in few] != [one_by_one(facts, live) for facts in few]:
        sys.exit("the engine names other rules than asking one by one does")
    for facts in few:  # once without looking, so that nothing is measured for the first time
        by_index(facts, live)
    _print("decision", by_index, judged, live)
    _print("decision_linear", one_by_one, few, live)


def by_index(facts: MessageFacts, live: Policy) -> str | None:
    """What the engine decides."""
    return decide(facts, live, now=NOW).rule_id


def one_by_one(facts: MessageFacts, live: Policy) -> str | None:
    """The rule that the engine must name, found by asking every one."""
    found = [rule for rule in live.rules if isinstance(match(rule, facts, now=NOW), Match)]
    return min(found, key=lambda rule: rule.rank).id if found else None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Microseconds for one decision.")
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=50_000, help="decisions measured (default: %(default)s)")
    parser.add_argument("--linear", type=int, default=200, help="those asked rule by rule too (default: %(default)s)")
    return parser.parse_args()


def _print(figure: str, answer: Answer, judged: Iterable[MessageFacts], live: Policy) -> None:
    taken = sorted(_nanoseconds(answer, facts, live) for facts in judged)
    middle, late = (round(taken[int(len(taken) * share)] / 1000, 2) for share in (0.5, 0.99))
    print(json.dumps({"figure": figure, "rules": len(live.rules), "p50_us": middle, "p99_us": late}), flush=True)


def _nanoseconds(answer: Answer, facts: MessageFacts, live: Policy) -> int:
    start = time.perf_counter_ns()
    answer(facts, live)
    return time.perf_counter_ns() - start


if __name__ == "__main__":
    main()
