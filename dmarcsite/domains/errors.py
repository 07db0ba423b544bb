"""Refusals around domains: a code and parameters each; sentences.py says them."""

from __future__ import annotations

from exceptions.errors import CodedError


class DomainRefused(CodedError):
    """A domain cannot be named or dropped like this, and nothing changed.

    Codes: bad_domain (value), already_named; not_named, enforced (mode), has_rules (rules), has_modes.
    """

    default_code = "not_named"
