"""A missing daemon is told, and never passes for a test that ran."""

from __future__ import annotations

import pytest

from tests.mailhost.programs import program


def test_a_missing_program_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-daemon is not installed, and CI=true forbids skipping"):
        program("no-such-daemon")


def test_a_missing_program_skips_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-daemon is not installed"):
        program("no-such-daemon")
