"""One JSON line per happening on standard error: a code and its values, for journald and for grep. No sentences."""

from __future__ import annotations

import json
import sys
import time

from exceptions.errors import CodedError


def log(event: str, /, **values: object) -> None:
    line = json.dumps({"at": round(time.time(), 3), "event": event, **values}, default=str)
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def log_error(event: str, error: CodedError) -> None:
    log(event, code=error.code, **error.params)
