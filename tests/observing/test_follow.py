"""One id follows a mail through all stages, and no line says whose mail it is."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from dmarcsite.observing.lines import JsonLines
from reports.ingest import ledger, pipeline
from reports.ingest.ledger import Arrival
from reports.ingest.visit import visit
from reports.models import Mailbox, Message
from reports.vocabulary import Channel
from tests.places.yards import MaildirYard
from tests.reports.mailboxes import clock
from tests.reports.samples import XML, report_mail
from tests.reports.stored import NOW, make_organisation, record, report

pytestmark = pytest.mark.django_db(transaction=True)
FIRST = report_mail((XML, "first.xml"), subject="Report domain: example.com", sender="noreply@example.net").as_bytes()
SECOND = report_mail((report(record(), report_id="r-2"), "second.xml"), subject="second").as_bytes()
HUMAN = b"From: somebody@example.org\nTo: reports@example.com\nSubject: lunch\n\nAt noon?\n"
STAGES = ["taken in", "read", "stored", "committed"]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the application's own loggers say from INFO on, in JSON lines."""
    stream, root = io.StringIO(), logging.getLogger("reports")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root.addHandler(handler)
    before = root.level
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def yard(tmp_path: Any, settings: Settings) -> MaildirYard:
    settings.LOCAL_PLACES_ROOT = str(tmp_path)
    return MaildirYard(make_organisation(), root=tmp_path)


def said(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def of(message: Message, found: list[dict[str, Any]]) -> list[str]:
    return [line["stage"] for line in found if "stage" in line and message.pk in line.get("messages", [])]


def test_a_mail_is_followed_from_its_fetching_to_its_acknowledgement(lines: io.StringIO, yard: MaildirYard) -> None:
    for mail in (FIRST, SECOND, HUMAN):
        yard.put(mail)
    assert visit(yard.mailbox.pk, clock=clock)
    found, messages = said(lines), Message.objects.order_by("pk")
    assert len(messages) == 3
    for message in messages:
        assert of(message, found) == [*STAGES, "acknowledged"]
    assert found[0] | {"time": ""} == {
        "time": "", "level": "INFO", "logger": "reports.ingest.stages", "message": "mail: fetched", "stage": "fetched",
        "mailbox": yard.mailbox.pk, "batch": found[0]["batch"], "count": 3,
    }  # fmt: skip
    # The fetching knows no ids of messages yet: the batch ties it to them.
    assert {line["batch"] for line in found} == {found[0]["batch"]}
    assert {line["mailbox"] for line in found} == {yard.mailbox.pk}


def test_no_line_says_what_is_personal(lines: io.StringIO, yard: MaildirYard) -> None:
    for mail in (FIRST, HUMAN):
        yard.put(mail)
    assert visit(yard.mailbox.pk, clock=clock)
    text = lines.getvalue()
    assert text.count("\n") >= 6
    assert [word for word in ("@", "lunch", "Report domain", "example", "first.xml", "1700") if word in text] == []


def test_two_batches_have_two_names(lines: io.StringIO, yard: MaildirYard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.ingest.visit.FETCHED_TOGETHER", 1)
    for mail in (FIRST, SECOND):
        yard.put(mail)
    assert visit(yard.mailbox.pk, clock=clock)
    found, (first, second) = said(lines), Message.objects.order_by("pk")
    assert of(first, found) == of(second, found) == [*STAGES, "acknowledged"]
    assert len({line["batch"] for line in found}) == 2


def test_a_mail_that_a_crash_left_unread_goes_on_under_its_id(lines: io.StringIO) -> None:
    (pk,) = ledger.take_in([Arrival(FIRST, Channel.FILE, NOW)], organisation=make_organisation(), at=NOW)
    assert list(pipeline.finish_unread([pk], at=NOW, lease=timedelta()))
    assert of(Message.objects.get(pk=pk), said(lines)) == STAGES[1:]


def test_a_mail_that_nobody_can_read_is_given_up_and_its_fault_names_it(
    lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(data: bytes, *, filename: str = "") -> None:
        raise RuntimeError

    monkeypatch.setattr(pipeline, "read", fails)
    pipeline.ingest([Arrival(FIRST, Channel.FILE, NOW)], organisation=make_organisation(), at=NOW)
    message, found = Message.objects.get(), said(lines)
    assert of(message, found) == ["taken in", "given up"]
    errors = [line for line in found if line["level"] == "ERROR"]
    assert len(errors) == 3
    assert all("RuntimeError" in line["exception"] and line["messages"] == [message.pk] for line in errors)


def test_what_is_too_large_to_fetch_is_named_too(lines: io.StringIO, yard: MaildirYard, settings: Settings) -> None:
    settings.UPLOAD_LIMIT_BYTES = 10
    yard.put(FIRST)
    assert visit(yard.mailbox.pk, clock=clock)
    assert of(Message.objects.get(), said(lines)) == ["refused", "acknowledged"]


def test_nothing_is_said_below_info(yard: MaildirYard, caplog: pytest.LogCaptureFixture) -> None:
    yard.put(FIRST)
    with caplog.at_level(logging.WARNING):
        assert visit(yard.mailbox.pk, clock=clock)
    assert Mailbox.objects.get(pk=yard.mailbox.pk).error_code == ""
    assert caplog.records == []
