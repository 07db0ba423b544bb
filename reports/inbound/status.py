"""Keeps what a node says about itself: which policy it enforces since when, what runs there, how its clock stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from reports.errors import InboundRefused
from reports.inbound.reading import text
from reports.models import Node

MAX_NUMBER = 2**53 - 1
MAX_FORMATS = 10
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_MAX_SKEW = 2**31 - 1


def record_status(node: Node, body: object, *, at: datetime) -> Node:
    """Store the body of POST status; fields that make no sense are left empty. Raises InboundRefused("not_an_object")."""
    if not isinstance(body, dict):
        raise InboundRefused("not_an_object")
    number = _integer(body, "live_number", most=MAX_NUMBER)
    sha256, code = body.get("live_sha256"), body.get("last_error")
    clock = _integer(body, "clock", most=MAX_NUMBER)
    node.agent_version = text(body.get("agent_version"), 40)
    node.filter_version = text(body.get("filter"), 80)
    node.formats = _formats(body.get("formats"))
    node.live_number = number or None
    node.live_sha256 = sha256 if number and isinstance(sha256, str) and _SHA256.fullmatch(sha256) else ""
    node.live_since = _moment(_integer(body, "live_since", most=int(at.timestamp()) + 86_400)) if number else None
    node.clock_skew_seconds = None if clock is None else _bounded(clock - int(at.timestamp()))
    node.error_code = code if isinstance(code, str) and _CODE.fullmatch(code) else ""
    node.last_contact_at = at
    node.save(
        update_fields=[
            "agent_version",
            "filter_version",
            "formats",
            "live_number",
            "live_sha256",
            "live_since",
            "clock_skew_seconds",
            "error_code",
            "last_contact_at",
        ]
    )
    return node


def _integer(body: Mapping[str, object], name: str, *, most: int) -> int | None:
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else None


def _moment(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _bounded(skew: int) -> int:
    return max(-_MAX_SKEW, min(_MAX_SKEW, skew))


def _formats(value: object) -> list[str]:
    items = value if isinstance(value, list) else []
    return [text(item, 40) for item in items[:MAX_FORMATS] if isinstance(item, str)]
