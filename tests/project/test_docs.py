"""Documents: what they link to is there, and nothing in the tree tells of one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
DOCUMENTS = [name for name in TRACKED if name.endswith(".md")]


def links(document: str) -> list[str]:
    text = (ROOT / document).read_text(encoding="utf-8")
    return [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:|#", link)]


def test_the_readme_is_among_the_documents() -> None:
    assert "README.md" in DOCUMENTS


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    assert [link for link in links(document) if not (ROOT / document).parent.joinpath(link).exists()] == []


def test_every_decision_has_a_title_and_one_number() -> None:
    decisions = sorted(Path(name) for name in DOCUMENTS if name.startswith("docs/adr/"))
    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    assert all((ROOT / path).read_text(encoding="utf-8").startswith("# ") for path in decisions)
