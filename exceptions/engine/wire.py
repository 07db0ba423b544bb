"""The policy document as it travels: its format's name, its shape, its canonical bytes; reading it is `policy`'s part.

docs/policy-format.md is the contract, docs/policy-v1.schema.json its schema.
"""

from __future__ import annotations

import json
from typing import TypedDict

FORMAT = "sekimori-policy/1"
FORMATS = (FORMAT,)
"""The formats that this code reads, newest first; a node names them when it asks for a policy."""

FORMATS_HEADER = "Sekimori-Formats"
SIGNATURE_HEADER = "Sekimori-Signature"

MAX_BYTES = 32 * 1024 * 1024
MAX_RULES = 100_000
MAX_VALIDITY = 30 * 86_400
"""Seconds between `generated_at` and `valid_until`, at most; 72 hours are usual."""

WIDEST = {32: 24, 128: 48}
"""The shortest prefix that a rule may have, by address width in bits."""


class EnforcementEntry(TypedDict):
    mode: str
    share: int


class EnforcementDocument(TypedDict):
    default: EnforcementEntry
    domains: dict[str, EnforcementEntry]


class RuleDocument(TypedDict):
    id: str
    header_from: str
    networks: list[str]
    dkim_domain: str | None
    envelope_domain: str | None
    recipients: list[str]
    action: str
    not_before: int
    expires_at: int


class PolicyDocument(TypedDict):
    format: str
    node: str
    organisation: str
    number: int
    generated_at: int
    valid_until: int
    own_domains: list[str]
    enforcement: EnforcementDocument
    rules: list[RuleDocument]


def render(document: PolicyDocument) -> bytes:
    """The canonical bytes of a document: UTF-8 JSON, keys sorted, no spaces. These bytes are signed and served."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()
