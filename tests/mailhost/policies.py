"""Owns short ways to write a policy document for a test; times are given relative to now, in seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

OWN_DOMAINS = ("example.com", "none.example", "norecord.example", "xn--bcher-kva.example")


def rule(
    identifier: str = "EX-1",
    *,
    header_from: str = "example.com",
    networks: Sequence[str] = (),
    dkim_domain: str | None = None,
    envelope_domain: str | None = None,
    recipients: Sequence[str] = (),
    action: str = "deliver",
    starts_in: float = -60,
    expires_in: float = 3600,
) -> dict[str, Any]:
    """Return one rule of a policy document."""
    now = time.time()
    return {
        "id": identifier,
        "header_from": header_from,
        "networks": list(networks),
        "dkim_domain": dkim_domain,
        "envelope_domain": envelope_domain,
        "recipients": list(recipients),
        "action": action,
        "not_before": int(now + starts_in),
        "expires_at": int(now + expires_in),
    }


def policy(
    *rules: Mapping[str, Any],
    number: int,
    mode: str = "reject",
    share: int = 100,
    own_domains: Sequence[str] = OWN_DOMAINS,
    valid_for: float = 3600,
) -> dict[str, Any]:
    """Return a policy document with this mode for all domains; a negative ``valid_for`` makes it stale already."""
    now = time.time()
    return {
        "format": "sekimori-policy/1",
        "node": "mx-1",
        "organisation": "example",
        "number": number,
        "generated_at": int(now + min(valid_for, 0)) - 60,
        "valid_until": int(now + valid_for),
        "own_domains": list(own_domains),
        "enforcement": {"default": {"mode": mode, "share": share}, "domains": {}},
        "rules": [dict(one) for one in rules],
    }
