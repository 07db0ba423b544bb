"""The frame in a real browser under the real security policy: silent, accessible, drawn, and usable at 320 px."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django_tables2 as tables
import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.template.context import make_context
from django.urls import include, path
from playwright.sync_api import Browser, Page, expect

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGE = """{% extends "base.html" %}{% load django_tables2 sekimori drawing %}
{% block title %}Sources{% endblock %}{% block heading %}Sources{% endblock %}
{% block content %}<section class="panel">{% include "_chart.html" %}</section>
<div class="stats">{% include "_stat.html" with label="Aligned" value="98.5 %" of="197 of 200 messages" tone="aligned" %}</div>
<section class="panel cluster">{% for verdict in verdicts %}{% badge "verdict" verdict %}{% endfor %}</section>
<section class="panel panel-flush">{% render_table table %}</section>{% endblock %}
{% block scripts %}{% include "_chart_scripts.html" %}{% endblock %}"""


class Sources(tables.Table):  # type: ignore[misc]  # django-tables2 has no types
    caption = "Failing sources"
    source = tables.TemplateColumn('<a href="/">{{ record.source }}</a>')
    failing = tables.Column(attrs={"td": {"class": "num"}, "th": {"class": "num"}})
    days = tables.TemplateColumn('{% load drawing %}{% sparkline record.days "1, 2 and 3 messages" %}', orderable=False)

    class Meta:
        attrs = {"id": "sources", "class": "cards-sm"}


def page_of_everything(request: HttpRequest) -> HttpResponse:
    rows = [
        {"source": f"192.0.2.{n} in a place with a long name.example", "failing": n, "days": [1, 2, 3]}
        for n in range(9)
    ]
    table = Sources(rows)
    tables.RequestConfig(request, paginate={"per_page": 5}).configure(table)
    tones = ["aligned", "forwarder", "failing", "excepted", "unknown"]
    chart = {
        "id": "volume",
        "finding": "One message of each verdict per day.",
        "unit": "messages",
        "kind": "bars",
        "labels": ["2026-11-01", "2026-11-02"],
        "series": [{"name": tone, "tone": tone, "values": [1, 1]} for tone in tones],
        "markers": [{"at": "2026-11-02", "text": "EX-1"}],
    }
    scope = {"lens": "here", "domain": "", "domains": ["example.com"], "days": 30, "ranges": [7, 30]}
    context: Any = {"table": table, "chart": chart, "scope": scope, "verdicts": [*tones, "fixable", "suspicious"]}
    template = Engine.get_default().from_string(PAGE)
    full: Context = make_context(context, request)
    return HttpResponse(template.render(full))


urlpatterns = [
    path("", page_of_everything),
    path("", include("dmarcsite.pages")),
    path("", include("reports.urls")),
    path("", include("exceptions.urls")),
    path("accounts/", include("allauth.urls")),
]


class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def address(settings: Any) -> Iterator[str]:
    settings.ROOT_URLCONF = __name__
    with make_server("127.0.0.1", 0, StaticFilesHandler(WSGIHandler()), Threaded, Quiet) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def opened(browser: Browser, address: str, **options: Any) -> tuple[Page, list[str]]:
    page = browser.new_context(**options).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address, wait_until="networkidle")
    return page, said


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_browser_has_nothing_to_complain_about(browser: Browser, address: str, scheme: Any, language: str) -> None:
    page, said = opened(browser, address, color_scheme=scheme, locale=language)
    page.locator(".chart-canvas canvas").first.wait_for()
    assert said == []
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("width", [320, 640, 1024, 1440])
def test_the_page_never_scrolls_sideways(browser: Browser, address: str, width: int) -> None:
    page, _ = opened(browser, address, viewport={"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_sorted_table_is_announced_and_the_focus_stays(browser: Browser, address: str) -> None:
    page, said = opened(browser, address)
    page.get_by_role("link", name="Failing").click()
    page.wait_for_url("**/?sort=failing")
    expect(page.locator("#announce")).to_have_text("1 to 5 of 9")
    assert page.evaluate("document.activeElement.id") == "sources-sort-failing"
    assert page.locator("th[aria-sort]").get_attribute("aria-sort") == "ascending"
    assert said == []


def test_without_javascript_everything_can_still_be_read(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address, java_script_enabled=False)
    page.get_by_role("link", name="Failing").click()
    page.get_by_role("link", name="Page 2").click()
    assert page.locator("#sources-box tbody tr").count() == 4
    page.get_by_text("Show as table").click()
    assert page.get_by_role("row", name="2026-11-02 1 1 1 1 1").is_visible()


def test_the_theme_is_kept_and_the_reader_stays(browser: Browser, address: str) -> None:
    page, _ = opened(browser, f"{address}?sort=failing", color_scheme="light")
    page.get_by_role("button", name="Dark").click()
    page.wait_for_load_state()
    assert page.url == f"{address}?sort=failing"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(18, 22, 27)"


def test_single_keys_can_be_switched_off(browser: Browser, address: str) -> None:
    page, _ = opened(browser, address)
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent").startswith("192.0.2.0")
    page.evaluate("localStorage.setItem('sekimori-keys', 'off'); document.activeElement.blur()")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.tagName") == "BODY"
