"""The shared vectors through the plugin's own Lua, in Rspamd's Lua: the filter decides as the engine does."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.mailhost.programs import program
from tests.mailhost.rspamd import SHIPPED

_RUNNER = Path(__file__).with_name("rspamd_vectors.lua")
_SHARED = json.loads((Path(__file__).parents[1] / "vectors" / "policy-v1.json").read_text())
_DECISIONS = {vector["name"]: vector for vector in _SHARED["vectors"]}
_REFUSED = {case["name"]: json.dumps(case["document"]) for case in _SHARED["refused"]}
_HASHES = {f"{case['source']}|{case['header_from']}": case for case in _SHARED["hashes"]}
_MAIN = json.dumps(_SHARED["policies"]["main"])
_DAMAGED = {
    "nothing": "",
    "no JSON": "not a policy",
    "cut off by one byte": _MAIN[:-1],
    "cut in the middle": _MAIN[: len(_MAIN) // 2],
    "something behind it": _MAIN + "x",
    "another object behind it": _MAIN + '{"number": 999}',
    "a list of it": f"[{_MAIN}]",
    "configuration instead of JSON": "format = sekimori-policy/1;",
    "one key twice": _MAIN.replace('"number": 141', '"number": 141, "number": 999'),
}


def _ask(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answer all cases in one run of Rspamd's Lua."""
    done = subprocess.run(
        [program("rspamadm"), "lua", "-b", _RUNNER],
        input="".join(json.dumps(case) + "\n" for case in cases), text=True, capture_output=True, check=True,
        env={"LUA_PATH": f"{SHIPPED}/lua/?.lua;;"}, timeout=120,
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(cases), done.stdout + done.stderr
    return answers


@pytest.fixture(scope="module")
def answers() -> dict[tuple[str, str], dict[str, Any]]:
    """Every case's answer, by kind and name."""
    policies = {name: json.dumps(document) for name, document in _SHARED["policies"].items()}
    cases: dict[tuple[str, str], dict[str, Any]] = {}
    for name, text in (_REFUSED | _DAMAGED).items():
        cases["refused", name] = {"ask": "refused", "policy": text}
    for name, case in _HASHES.items():
        cases["hash", name] = {"ask": "hash", "source": case["source"], "header_from": case["header_from"]}
    for name, vector in _DECISIONS.items():
        cases["decision", name] = {**vector, "ask": "decision", "policy": policies[vector["policy"]]}
    return dict(zip(cases, _ask(list(cases.values())), strict=True))


@pytest.mark.parametrize("name", _REFUSED)
def test_the_plugin_refuses_every_document_that_the_engine_refuses(name: str, answers: dict[Any, Any]) -> None:
    assert answers["refused", name]["refused"] is True
    assert "stack traceback" not in answers["refused", name]["why"]
    assert ".lua:" not in answers["refused", name]["why"], "a fault is no refusal"


@pytest.mark.parametrize("name", _DAMAGED)
def test_the_plugin_refuses_a_damaged_file(name: str, answers: dict[Any, Any]) -> None:
    assert answers["refused", name]["refused"] is True
    assert ".lua:" not in answers["refused", name]["why"], "a fault is no refusal"


@pytest.mark.parametrize("name", _HASHES)
def test_the_plugin_puts_a_pair_into_the_same_share(name: str, answers: dict[Any, Any]) -> None:
    assert answers["hash", name] == {"hash": _HASHES[name]["hash"]}


@pytest.mark.parametrize("name", _DECISIONS)
def test_the_plugin_decides_as_the_engine(name: str, answers: dict[Any, Any]) -> None:
    expected = _DECISIONS[name]["decision"]
    assert {"rule_id": None, **answers["decision", name]} == expected


@pytest.mark.parametrize("name", _SHARED["policies"])
def test_every_policy_of_the_vectors_is_read(name: str) -> None:
    [answer] = _ask([{"ask": "refused", "policy": json.dumps(_SHARED["policies"][name])}])
    assert answer["refused"] is False
