"""How a log record becomes a line: text for people, JSON for machines; both name the ids of what was being worked on."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dmarcsite.observing.middleware import IN_REQUEST
from reports import following
from reports.masking import mask_trace

OWN = ("time", "level", "logger", "message", "exception")
"""The names that no id may take."""


_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What could end a line, or make a terminal do something; foreign text stands in messages."""


_SECRET_PATH = re.compile(r"(/(?:tls-report|invitations|accounts/password/reset/key)/)[^/\s?]+")
"""Addresses that are a key to something; Django names the address of every answer that refuses."""


class TextLines(logging.Formatter):
    """2026-01-31 08:00:00,000 INFO reports.ingest.stages: mail: read [batch=0f… messages=1,2]"""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Named by logging: the line without the traceback, which follows it."""
        named = " ".join(f"{name}={_as_text(value)}" for name, value in _facts(record).items())
        return _plain(_without_keys(super().formatMessage(record)) + (f" [{named}]" if named else ""))

    def formatException(self, ei: Any) -> str:  # noqa: ANN401 - the type that typeshed names is private
        """Named by logging: indented, so that nothing in it looks like a line of its own."""
        lines = _without_keys(mask_trace(super().formatException(ei))).split("\n")
        return "\n".join(f"    {_plain(line)}" for line in lines)


class JsonLines(logging.Formatter):
    """One JSON object a line in ASCII, whatever the message holds; an exception is in it with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Named by logging."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _without_keys(record.getMessage()),
        }
        line |= {name: value for name, value in _facts(record).items() if name not in OWN}
        if record.exc_info:
            line["exception"] = _without_keys(mask_trace(self.formatException(record.exc_info)))
        return json.dumps(line, default=str)


def _facts(record: logging.LogRecord) -> Mapping[str, Any]:
    """The ids of the work in hand, and those that the record brings itself.

    Django names an answer that refuses after the last middleware, with the request and without its id in hand.
    """
    asked: Mapping[str, Any] = getattr(getattr(record, "request", None), "META", {})
    name = {"request": asked[IN_REQUEST]} if IN_REQUEST in asked else {}
    return {**following.facts(), **name, **getattr(record, "facts", {})}


def _without_keys(text: str) -> str:
    return _SECRET_PATH.sub(r"\1…", text)


def _plain(line: str) -> str:
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], line)


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    text = str(value)
    return repr(text) if " " in text else text
