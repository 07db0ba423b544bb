"""Nonsense in the address bar: whatever a parameter or a number holds, no page answers 500."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.urls import reverse

from reports.vocabulary import Role
from tests.pages.addresses import PAGES, has_number, somewhere
from tests.website.house import DEMO, OURS, House

NUL, NOT_UTF8, HUGE = "%00", "%ff%fe%80", "9" * 25
NASTY = (
    "", "0", "-1", HUGE, f"-{HUGE}", "1e9", "NaN", "1.5", "true", NUL, f"a{NUL}b", NOT_UTF8, "%ed%a0%80", "%E2%80%AE",
    "%27%22--", "%3Cscript%3E", "%7B%7B7*7%7D%7D", "..%2F..%2Fetc%2Fpasswd", "-address,-,,address", "%0d%0aX-Evil:1",
    "x" * 60, "%F0%9F%92%A9", "2026-13-99", "::1%2F999", "xn--%00", "example.com.",
)  # fmt: skip
NASTIEST = ("-1", HUGE, NUL, NOT_UTF8)
"""Asked of each parameter alone too, lest one bad parameter keep the others from being read."""
KNOWN = {
    "page",
    "sort",
    "per_page",
    "days",
    "lens",
    "domain",
    "tab",
    "from",
    "source",
    "show",
    "state",
    "q",
    "mode",
    "share",
}
NUMBERS = ("0", "9223372036854775807", "9223372036854775808", HUGE, "-1", "1.5", "x", NUL, NOT_UTF8)


def parameters(page: str) -> set[str]:
    """The names that a page puts into its forms and links."""
    linked = re.findall(r"[?&;]([A-Za-z_][\w-]*)=", page)
    named = re.findall(r'<(?:input|select|textarea|button)\b[^>]*\bname="([A-Za-z_][\w-]*)"', page)
    return set(linked) | set(named) - {"csrfmiddlewaretoken"}


def broken(house: House, paths: Iterable[str], **headers: str) -> list[str]:
    """Which of these paths the administrator cannot ask without an error of the server's."""
    visitor = house.people[Role.ADMINISTRATOR]

    def fails(path: str) -> str:
        status = visitor.get(path, headers=headers).status_code
        return f"{status} {path[:300]}" if status >= 500 else ""

    with ThreadPoolExecutor(4) as pool:
        return list(filter(None, pool.map(fails, paths)))


@pytest.mark.parametrize("name", PAGES)
def test_no_query_string_breaks_a_page(house: House, name: str) -> None:
    where = (somewhere(house, name, organisation=OURS) or "").partition("?")[0]
    names = parameters(house.people[Role.ADMINISTRATOR].get(where).text)
    every = [f"{where}?{'&'.join(f'{key}={value}' for key in sorted(names | KNOWN))}" for value in NASTY]
    alone = [f"{where}?{key}={value}" for key in names for value in NASTIEST]
    odd = [
        f"{where}?{text}"
        for text in (
            "&&==&",
            "=",
            "%",
            NUL,
            NOT_UTF8,
            "a=1&" * 400,
            "page=1&page=2&page=",
            "q=" + "x" * 3000,
            "x" * 10_000,
        )
    ]
    assert broken(house, [*every, *alone, *odd]) == []


@pytest.mark.parametrize("name", [name for name in PAGES if name.endswith("-list")])
def test_no_query_string_breaks_a_part_that_is_swapped_in(house: House, name: str) -> None:
    paths = [f"{reverse(name)}?{'&'.join(f'{key}={value}' for key in sorted(KNOWN))}" for value in NASTY]
    assert broken(house, paths, **{"HX-Request": "true"}) == []


@pytest.mark.parametrize("name", [name for name in PAGES if has_number(name)])
def test_no_number_in_an_address_breaks_a_page(house: House, name: str) -> None:
    address = reverse(name, args=[1])
    paths = [address.replace("/1/", f"/{number}/") for number in NUMBERS]
    assert broken(house, paths) == []
    statuses = {house.people[Role.ADMINISTRATOR].get(path).status_code for path in paths}
    assert statuses == {404}


@pytest.mark.parametrize("name", [name for name in PAGES if has_number(name)])
def test_nothing_of_another_organisation_is_found(house: House, name: str) -> None:
    """The analyst belongs to ours alone; what the demo has is not there for them, and not forbidden either."""
    theirs = somewhere(house, name, organisation=DEMO)
    if theirs:
        assert house.people[Role.ADMINISTRATOR].get(theirs).status_code == 404
