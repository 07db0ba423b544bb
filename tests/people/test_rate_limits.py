"""The counters of the log-in's rate limits stay while somebody tries many addresses, and never run what they hold."""

from __future__ import annotations

import base64
import pickle
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import Settings

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


def is_shut_out(address: str, email: str) -> bool:
    """Whether a failed log-in that came through the proxy of this machine is not even looked at."""
    form = {"login": email, "password": "wrong"}
    answer = Client().post("/accounts/login/", form, headers={"X-Forwarded-For": f"192.0.2.66, {address}"})
    return "Too many failed login attempts" in answer.content.decode()


@pytest.mark.parametrize("proxies", [0, 1])
def test_behind_a_named_proxy_a_stranger_uses_up_no_tries_but_their_own(settings: Settings, proxies: int) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    tries = [is_shut_out("198.51.100.1", f"{number}@example.net") for number in range(12)]
    assert (tries[0], tries[-1]) == (False, True)
    assert is_shut_out("203.0.113.9", "ann@example.com") == (proxies == 0)
