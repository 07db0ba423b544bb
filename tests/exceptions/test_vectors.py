"""The shared vectors against the Python engine; the Lua plugin is held to the same file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from exceptions.engine.decide import decide
from exceptions.engine.facts import MessageFacts
from exceptions.engine.policy import parse_policy
from exceptions.engine.share import share_hash
from exceptions.engine.wire import render
from exceptions.errors import PolicyError

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "policy-v1.json").read_text())


def named(key: str) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS[key]]


@pytest.mark.parametrize("vector", named("refused"))
def test_a_document_that_is_unclear_is_refused_as_a_whole(vector: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as refusal:
        parse_policy(render(vector["document"]))
    assert refusal.value.code == vector["code"]


@pytest.mark.parametrize("vector", named("vectors"))
def test_the_engine_decides_as_the_vector_says(vector: dict[str, Any]) -> None:
    policy = parse_policy(render(VECTORS["policies"][vector["policy"]]))
    decision = decide(MessageFacts.from_json(vector["facts"]), policy, now=vector["now"])
    assert decision._asdict() == vector["decision"]


@pytest.mark.parametrize("vector", VECTORS["hashes"], ids=lambda vector: vector["source"])
def test_the_share_hash_is_the_published_one(vector: dict[str, Any]) -> None:
    assert share_hash(vector["source"], vector["header_from"]) == vector["hash"]


def test_every_vector_has_a_name_of_its_own_and_every_policy_is_used() -> None:
    names = [vector["name"] for key in ("vectors", "refused") for vector in VECTORS[key]]
    assert len(names) == len(set(names))
    assert {vector["policy"] for vector in VECTORS["vectors"]} == VECTORS["policies"].keys()
