"""docs/roles.md is what the code enforces."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.permissions import MATRIX, Act, may
from reports.vocabulary import Role

DOCUMENT = Path(__file__).parents[2] / "docs" / "roles.md"


def documented() -> dict[tuple[str, str], bool]:
    lines = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    roles = [cell.strip() for cell in lines[0].strip("|").split("|")][1:]
    table = {}
    for line in lines[2:]:
        act, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        table.update({(act, role): cell == "yes" for role, cell in zip(roles, cells, strict=True)})
    return table


def test_an_unknown_role_may_do_nothing() -> None:
    assert [act for act in Act if may("owner", act)] == []


def test_the_document_names_every_act_and_role_and_says_what_the_code_does() -> None:
    assert documented() == {(act.value, role.value): act in MATRIX[role] for act in Act for role in Role}


@pytest.mark.parametrize("act", [act for act in Act if act not in (Act.SEE_AUDIT,)])
def test_an_auditor_changes_nothing(act: Act) -> None:
    assert may(Role.AUDITOR, act) == act.value.startswith("see ")
