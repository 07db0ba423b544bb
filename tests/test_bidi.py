"""Controls of writing direction from reports never turn a page around."""

from __future__ import annotations

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from dmarcsite.bidi import BidiControlsMiddleware

CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def passed_on(response: HttpResponse) -> HttpResponse:
    return BidiControlsMiddleware(lambda request: response)(RequestFactory().get("/"))


@pytest.mark.parametrize("control", CONTROLS)
def test_a_page_shows_a_control_as_what_it_is_not(control: str) -> None:
    assert passed_on(HttpResponse(f"<td>x{control}evil</td>")).content.decode() == "<td>x\ufffdevil</td>"


def test_other_text_and_other_kinds_of_answer_stay_as_they_are() -> None:
    assert passed_on(HttpResponse("<td>送信元 – ‘é’</td>")).content.decode() == "<td>送信元 – ‘é’</td>"
    original = HttpResponse(CONTROLS, content_type="application/xml")
    assert passed_on(original).content.decode() == CONTROLS
