"""Every sign behind a verdict has its words, and an unknown one stands for itself."""

from __future__ import annotations

import pytest

from reports.sentences.why import why_fact
from reports.vocabulary import Why


def test_an_unknown_sign_stands_for_itself() -> None:
    assert why_fact("moon_phase") == "moon_phase"


@pytest.mark.parametrize("code", list(Why))
def test_every_sign_has_words(code: Why) -> None:
    assert " " in why_fact(code)
