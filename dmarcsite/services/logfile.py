"""The log files of the services: one per run, and the one before it."""

from __future__ import annotations

from pathlib import Path
from typing import IO


def fresh_log(path: Path) -> IO[bytes]:
    """An empty file open for writing; what it held before is kept beside it with the ending `.old`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        path.replace(path.with_name(path.name + ".old"))
    return path.open("wb")
