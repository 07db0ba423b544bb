"""Lines of the log: one JSON object each, or text; both name what was being worked on."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils.log import log_response

from dmarcsite.celery import FollowedTask, app
from dmarcsite.observing.lines import JsonLines, TextLines
from dmarcsite.observing.middleware import RequestIdMiddleware
from reports.following import about, facts
from tests.project.test_settings import ROOT, manage


def made(formatter: logging.Formatter, message: str, *args: object, **more: Any) -> str:
    record = logging.LogRecord("reports.x", logging.INFO, __file__, 1, message, args, more.pop("exc_info", None))
    record.created = 1_700_000_000.25
    record.__dict__.update(more)
    return formatter.format(record)


def test_a_json_line_is_one_object_that_names_time_level_logger_message_and_ids() -> None:
    with about(task="t-1", mailbox=7):
        line = made(JsonLines(), "mail: %s", "read", facts={"stage": "read", "messages": [1, 2]})
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:20.250+00:00", "level": "INFO", "logger": "reports.x", "message": "mail: read",
        "task": "t-1", "mailbox": 7, "stage": "read", "messages": [1, 2],
    }  # fmt: skip


def test_no_message_makes_two_lines_or_breaks_the_object() -> None:
    text = 'a\nb\r\u2028"\x00\ud800関'
    line = made(JsonLines(), "%s", text)
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == text


def test_no_id_takes_the_name_of_what_every_line_has() -> None:
    assert json.loads(made(JsonLines(), "hello", facts={"message": 5, "level": "x"}))["message"] == "hello"


def test_an_exception_stands_in_its_object() -> None:
    try:
        raise ValueError("why")
    except ValueError:
        line = made(JsonLines(), "failed", exc_info=sys.exc_info())
    found = json.loads(line)
    assert found["exception"].endswith("ValueError: why")
    assert len(line.splitlines()) == 1


def test_a_text_line_ends_with_the_ids() -> None:
    with about(batch="b1"):
        line = made(TextLines(), "mail: read", facts={"stage": "taken in", "messages": [1, 2]})
    assert line.endswith("INFO reports.x: mail: read [batch=b1 stage='taken in' messages=1,2]")
    assert made(TextLines(), "plain").endswith("INFO reports.x: plain")


def test_foreign_text_begins_no_line_and_moves_no_terminal() -> None:
    line = made(
        TextLines(), "%s", "a\n2023-11-14 22:13:20,250 ERROR forged\r\x1b[2J\u202e\x9b関", facts={"name": "b\nc"}
    )
    assert len(line.splitlines()) == 1
    assert r"a\n2023-11-14 22:13:20,250 ERROR forged\r\x1b[2J\u202e\x9b関 [name=b\nc]" in line


@pytest.mark.parametrize("path", ["/tls-report/{}/", "/invitations/{}/", "/accounts/password/reset/key/{}/"])
def test_an_address_that_is_a_key_is_not_told(path: str, rf: RequestFactory) -> None:
    """Django names the address of each answer that refuses: a body that is no report, a form with a mistake in it."""
    spoken: list[logging.LogRecord] = []
    logger = logging.getLogger("django.request")
    logger.addFilter(spoken.append)  # type: ignore[arg-type]
    try:
        url = path.format("4-s3cret_Key")
        log_response("Unsupported Media Type: %s", url, response=HttpResponse(status=415), request=rf.get(url))
    finally:
        logger.removeFilter(spoken.append)  # type: ignore[arg-type]
    (record,) = spoken
    for form in (TextLines(), JsonLines()):
        assert "s3cret" not in form.format(record)
        assert path.split("{}")[0] in form.format(record)


def test_a_trace_is_indented_and_quotes_no_row(db: None) -> None:
    """What PostgreSQL says of a row may name people."""
    subject = "To Jane\n2023 ERROR forged"
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE letters (subject text CHECK (length(subject) < 5))")
            cursor.execute("INSERT INTO letters VALUES (%s)", [subject])
    except IntegrityError:
        text, line = (made(form, "failed", exc_info=sys.exc_info()) for form in (TextLines(), JsonLines()))
    assert "violates check constraint" in text
    assert "DETAIL: …" in text
    assert "Jane" not in text
    assert "Jane" not in line
    assert [each for each in text.splitlines()[1:] if not each.startswith("    ")] == []


def answered(**headers: str) -> tuple[str, str]:
    """The id inside a request, and that of its answer."""
    seen: list[str] = []

    def view(_request: HttpRequest) -> HttpResponse:
        seen.append(facts()["request"])
        return HttpResponse()

    answer = RequestIdMiddleware(view)(RequestFactory().get("/", **headers))
    assert facts() == {}
    return seen[0], answer["X-Request-ID"]


def test_a_request_keeps_a_plain_id_of_the_proxy() -> None:
    assert answered(HTTP_X_REQUEST_ID="0123abcd-4567") == ("0123abcd-4567", "0123abcd-4567")


def test_an_answer_that_refuses_is_named_with_the_id_of_its_request(client: Client) -> None:
    spoken: list[logging.LogRecord] = []
    logger = logging.getLogger("django.request")
    logger.addFilter(spoken.append)  # type: ignore[arg-type]
    try:
        name = client.get("/nowhere/")["X-Request-ID"]
    finally:
        logger.removeFilter(spoken.append)  # type: ignore[arg-type]
    (line,) = [json.loads(JsonLines().format(record)) for record in spoken]
    assert (line["message"], line["request"]) == ("Not Found: /nowhere/", name)


@pytest.mark.parametrize("bad", ["", "short", "a" * 65, "abcdefgh\nlevel=x", "abcdefgh ijkl", "関守関守関守関守"])
def test_a_request_gets_an_id_of_its_own_in_the_place_of_any_other(bad: str) -> None:
    inside, outside = answered(HTTP_X_REQUEST_ID=bad)
    assert inside == outside != bad
    assert len(inside) == 32


def test_a_task_names_itself_while_it_runs() -> None:
    @app.task(name="tests.observing.seen", shared=False)
    def seen() -> dict[str, Any]:
        return dict(facts())

    try:
        assert isinstance(seen, FollowedTask)
        assert seen.apply(task_id="t-9").get() == {"task": "t-9"}
        assert seen() == {}
    finally:
        app.tasks.unregister("tests.observing.seen")


def test_the_setting_decides_and_a_wrong_one_is_named() -> None:
    said = "import django, logging; django.setup(); logging.getLogger('x').warning('hello')"
    environment = {
        "SEKIMORI_LOG_FORMAT": "json",
        "PATH": "/usr/bin:/bin",
        "DJANGO_SETTINGS_MODULE": "dmarcsite.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", said], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stderr)["message"] == "hello"
    assert "must be text or json" in manage("check", SEKIMORI_LOG_FORMAT="xml").stderr


def test_a_worker_logs_as_the_settings_say_whatever_its_loglevel_is() -> None:
    """Celery would set the root logger's level and bring its own format."""
    said = (
        "from dmarcsite.celery import app; import logging; app.loader.init_worker()\n"
        "app.log.setup('CRITICAL'); logging.getLogger('reports.x').info('hello')"
    )
    environment = {"SEKIMORI_LOG_FORMAT": "json", "SEKIMORI_LOG_LEVEL": "INFO", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", said], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == ["hello"]
