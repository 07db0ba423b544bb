"""The documented example, the JSON Schema, the vectors and the engine tell the same story."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exceptions.engine.policy import parse_policy
from exceptions.engine.wire import EnforcementDocument, EnforcementEntry, PolicyDocument, RuleDocument, render
from exceptions.errors import PolicyError
from exceptions.vocabulary import DecisionCode, Mode, RuleAction

ROOT = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "policy-v1.schema.json").read_text())
VECTORS: dict[str, Any] = json.loads((ROOT / "tests" / "vectors" / "policy-v1.json").read_text())
FORMAT = (ROOT / "docs" / "policy-format.md").read_text()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

BEYOND_A_SCHEMA = {
    "host bits in a network",
    "IPv6 in long writing",
    "IPv4-mapped IPv6 network",
    "a rule that ends before it starts",
    "valid_until before generated_at",
    "valid for more than 30 days",
    "two rules with one id",
}


def example() -> dict[str, Any]:
    found = re.search(r"<!-- example -->\n```json\n(.*?)```", FORMAT, re.DOTALL)
    assert found
    value: dict[str, Any] = json.loads(found[1])
    return value


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_the_schema_refuses_what_the_engine_refuses_except_what_no_schema_can_say(vector: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(vector["document"]) == (vector["name"] in BEYOND_A_SCHEMA)


@pytest.mark.parametrize("name", VECTORS["policies"])
def test_the_schema_takes_every_policy_of_the_vectors(name: str) -> None:
    VALIDATOR.validate(VECTORS["policies"][name])


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_documented_example_is_taken_by_schema_and_engine() -> None:
    VALIDATOR.validate(example())
    policy = parse_policy(render(cast("PolicyDocument", example())))
    assert (policy.number, policy.rules[0].id, policy.rules[0].networks[1].prefix) == (141, "EX-12", 48)


def test_schema_and_wire_name_the_same_fields() -> None:
    rule, entry = SCHEMA["$defs"]["rule"], SCHEMA["$defs"]["entry"]
    assert SCHEMA["properties"].keys() == PolicyDocument.__annotations__.keys()
    assert SCHEMA["properties"]["enforcement"]["properties"].keys() == EnforcementDocument.__annotations__.keys()
    assert rule["properties"].keys() == RuleDocument.__annotations__.keys()
    assert entry["properties"].keys() == EnforcementEntry.__annotations__.keys()
    assert entry["properties"]["mode"]["enum"] == [str(mode) for mode in Mode]
    assert rule["properties"]["action"]["enum"] == [str(action) for action in RuleAction]


def test_every_decision_code_is_documented_and_has_a_vector() -> None:
    seen = {vector["decision"]["code"] for vector in VECTORS["vectors"]}
    assert seen == {str(code) for code in DecisionCode}
    assert {code for code in seen if f"| `{code}` |" in FORMAT} == seen


def test_every_refusal_of_the_engine_is_documented_and_named_in_its_docstring() -> None:
    codes = {vector["code"] for vector in VECTORS["refused"]}
    documented = set(
        re.findall(r"`([a-z_]+)`", FORMAT.partition("| code | refused because |")[2].partition("## 2.")[0])
    )
    assert codes <= documented
    assert documented == {code for code in documented if code in (parse_policy.__doc__ or "")}


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 200), st.floats(allow_nan=False, allow_infinity=False), st.just([]), st.just({}),
    st.sampled_from(["", "EX-1", "example.com", "a@example.com", "A.example", "x.", "198.51.100.0/24", "198.51.100.0/8",
                     "2001:db8::/48", "2001:db8::/32", "reject", "deliver", "*"]),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_the_engine_takes_nothing_that_the_schema_refuses(data: st.DataObject) -> None:
    document = example()
    place: Any = document
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            place[key] = [data.draw(ODD)] if isinstance(inner, list) else data.draw(ODD)
            break
        place = inner
    try:
        parse_policy(render(cast("PolicyDocument", document)))
    except PolicyError:
        return
    VALIDATOR.validate(document)
