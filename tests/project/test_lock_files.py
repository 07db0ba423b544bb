"""The lock files hold every package that pyproject.toml asks for, each with its hash, and the two agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def name_of(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]+", requirement)[0]).lower()


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


def test_the_product_is_locked():
    assert {name_of(wanted) for wanted in PROJECT["project"]["dependencies"]} <= locked("requirements.lock").keys()


def test_its_tools_are_locked_and_the_product_is_the_same_in_both():
    assert {name_of(wanted) for wanted in PROJECT["dependency-groups"]["dev"]} <= locked("requirements-dev.lock").keys()
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_hashes_and_none_names_a_server(name):
    text = (ROOT / name).read_text()
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []
    assert re.findall(r"https?://|--index|--find-links", text) == []
