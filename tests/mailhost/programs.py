"""Owns which daemons a test may start: a missing one skips the test, or fails it where CI=true; must not start anything."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

_SEARCH = os.pathsep.join(
    [os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/lib/postfix/sbin", "/usr/lib/dovecot"]
)


def program(name: str) -> Path:
    """Return the path of the installed daemon or tool ``name``; skips (fails where CI=true) when there is none."""
    found = shutil.which(name, path=_SEARCH)
    if found is None:
        refuse(f"{name} is not installed")
    return Path(found)


def require_root() -> None:
    """Skip (fail where CI=true) unless the test runs as root: Postfix, Dovecot and Rspamd drop privileges themselves."""
    if os.geteuid() != 0:
        refuse("mail servers are started as root only")


def refuse(reason: str) -> NoReturn:
    """End the test as skipped with ``reason``, or as failed where CI=true, so that CI never passes by skipping."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI=true forbids skipping")
    pytest.skip(reason)
