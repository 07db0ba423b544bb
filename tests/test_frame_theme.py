"""The theme is a cookie that the server reads; nothing else may be put into it, and nobody is sent elsewhere."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from dmarcsite.look.theme import COOKIE, chosen_theme, set_theme


def test_a_get_changes_nothing(rf: RequestFactory) -> None:
    response = set_theme(rf.get("/theme/", {"theme": "dark"}))
    assert response.status_code == 405
    assert response.cookies == {}


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""])
def test_nobody_is_sent_to_another_host(rf: RequestFactory, target: str) -> None:
    assert set_theme(rf.post("/theme/", {"theme": "dark", "next": target})).headers["Location"] == "/"


def test_a_word_that_is_no_theme_is_forgotten(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.COOKIES[COOKIE] = '"><script>'
    assert chosen_theme(request) == ""


def test_a_theme_is_remembered_and_the_reader_stays_where_they_were(rf: RequestFactory) -> None:
    response = set_theme(rf.post("/theme/", {"theme": "dark", "next": "/sources/?page=2"}))
    assert response.headers["Location"] == "/sources/?page=2"
    cookie = response.cookies[COOKIE]
    assert cookie.value == "dark"
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["secure"] == ""


def test_over_https_the_cookie_is_secure(rf: RequestFactory) -> None:
    response = set_theme(rf.post("/theme/", {"theme": "light"}, secure=True))
    assert response.cookies[COOKIE]["secure"] is True


def test_as_the_system_removes_the_cookie(rf: RequestFactory) -> None:
    response = set_theme(rf.post("/theme/", {"theme": "system"}))
    assert response.cookies[COOKIE].value == ""
    assert response.cookies[COOKIE]["max-age"] == 0
