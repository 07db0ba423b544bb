"""The counters of the log-in's rate limits stay while somebody tries many addresses, and never run what they hold."""

from __future__ import annotations

import base64
import pickle
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection

pytestmark = pytest.mark.django_db


def test_a_counter_is_not_pushed_out_by_hundreds_of_others() -> None:
    cache.set("a-victim", 5)
    for number in range(400):
        cache.set(f"made-up-{number}", 1)
    assert cache.get("a-victim") == 5


def test_what_sql_puts_into_the_cache_is_not_run() -> None:
    value = base64.b64encode(pickle.dumps(date(2026, 11, 24))).decode()  # a class, as harmless as they come
    with connection.cursor() as cursor:
        expires = datetime.now(UTC) + timedelta(hours=1)
        cursor.execute("INSERT INTO dmarcsite_cache VALUES (%s, %s, %s)", [cache.make_key("planted"), value, expires])
    with pytest.raises(pickle.UnpicklingError, match=r"datetime\.date"):
        cache.get("planted")


def test_plain_values_come_back_until_they_expire() -> None:
    value = {"times": [time.time(), 2, None], "word": "é", "is_whole": True}
    cache.set_many({"one": value, "two": 2})
    assert cache.get_many(["one", "two", "three"]) == {"one": value, "two": 2}
    assert cache.add("one", 3) is False
    cache.set("one", 3, timeout=-1)
    assert cache.get("one", "gone") == "gone"
    assert cache.add("one", 4) is True
    assert cache.get("one") == 4
