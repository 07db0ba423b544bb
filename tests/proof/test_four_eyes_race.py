"""Four eyes over HTTP: of many who approve one rule at the same moment one wins, and nobody who asked for it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from reports.vocabulary import Role
from tests.website.house import House, request_rule

TRIES = 200


def test_of_200_concurrent_approvals_over_http_one_wins(house: House) -> None:
    rule = request_rule(house, network="203.0.113.77", then="ask")
    people = [house.people[role] for role in (Role.APPROVER, Role.ADMINISTRATOR, Role.ANALYST, Role.VIEWER)]

    def approve(number: int) -> int:
        return people[number % 4].post(f"/exceptions/{rule}/approve/", {"seen_version": "1", "reason": ""}).status_code

    with ThreadPoolExecutor(16) as pool:
        ends = Counter(pool.map(approve, range(TRIES)))
    assert ends == {302: 1, 409: TRIES // 2 - 1, 403: TRIES // 2}
    approvals = house.site.rows(
        "SELECT count(*) FROM exceptions_approval a JOIN exceptions_ruleversion v ON v.id = a.version_id WHERE v.rule_id = %s",
        rule,
    )
    assert approvals == [(1,)]
