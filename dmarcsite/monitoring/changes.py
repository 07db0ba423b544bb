"""What probes found, in the log: one line when it changes, and none of Django's for each 503 that a probe asked for."""

from __future__ import annotations

import logging
from collections.abc import Mapping

log = logging.getLogger(__name__)
PROBES = ("/healthz", "/readyz")
_wrong: dict[str, frozenset[str]] = {}


class WithoutProbes(logging.Filter):
    """Lets Django's line about an answer pass unless it is a probe's; an exception in one is ours to hear of."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Named by logging."""
        path = getattr(getattr(record, "request", None), "path", "")
        return path not in PROBES or bool(record.exc_info)


def tell(probe: str, checks: Mapping[str, str]) -> None:
    """Warn when other checks fail than this process has told of last; each is "ok" or what is wrong."""
    wrong = {name: found for name, found in checks.items() if found != "ok"}
    if _wrong.get(probe, frozenset()) == wrong.keys():
        return
    _wrong[probe] = frozenset(wrong)
    if wrong:
        log.warning("%s: %s", probe, "; ".join(f"{name}: {found}" for name, found in wrong.items()))
    else:
        log.warning("%s: all is well again", probe)
