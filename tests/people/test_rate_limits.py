"""The counters of the log-in's rate limits stay while somebody tries many addresses."""

from __future__ import annotations

import pytest
from django.core.cache import cache

pytestmark = pytest.mark.django_db


def test_a_counter_is_not_pushed_out_by_hundreds_of_others() -> None:
    cache.set("a-victim", 5)
    for number in range(400):
        cache.set(f"made-up-{number}", 1)
    assert cache.get("a-victim") == 5
