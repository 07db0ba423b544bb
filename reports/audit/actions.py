"""The names of everything that may stand in the audit log. A name is claimed once, by the module that holds the verb."""

from __future__ import annotations

import re

_NAME = re.compile(r"[a-z]+(\.[a-z_]+){2,3}")
_known: set[str] = set()


def register(name: str) -> str:
    """Claim an action name such as "exceptions.rule.approved" and return it. Raises ValueError for a second claim."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not of the form side.thing.happened")
    if name in _known:
        raise ValueError(f"{name!r} is taken")
    _known.add(name)
    return name


def is_known(name: str) -> bool:
    return name in _known


def known() -> frozenset[str]:
    """All names that are claimed by the modules loaded so far."""
    return frozenset(_known)
