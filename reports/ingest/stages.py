"""The stages of a mail's way, told to the log (INFO) and to traces where they are on. Costs next to nothing without them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from reports import following

log = logging.getLogger(__name__)
BATCH_ID_BYTES = 8


class Watcher(Protocol):
    """Who measures: a work lasts as long as its block, a stage from the one before it, or its work's begin, to its end."""

    def work(self, name: str, facts: following.Facts) -> AbstractContextManager[None]:
        """The block is one piece of work; pieces may lie in each other."""

    def stage(self, name: str, facts: following.Facts) -> None:
        """A stage of the work in hand has just ended."""


@dataclass(slots=True)
class _Watched:
    by: Watcher | None = None


_watched = _Watched()


def watch(watcher: Watcher | None) -> None:
    """Tell `watcher` of all work of this process from now on; None ends that."""
    _watched.by = watcher


@contextmanager
def work(name: str, **ids: Any) -> Iterator[None]:
    """A piece of work, such as one visit; all that is logged inside names its ids."""
    with following.about(**ids):
        if _watched.by is None:
            yield
        else:
            with _watched.by.work(name, following.facts()):
                yield


def batch_id() -> str:
    """The id of the batch in hand, else of a new one: it ties the fetching to the messages, which have no ids before."""
    return following.facts().get("batch") or new_batch_id()


def new_batch_id() -> str:
    """16 hexadecimal digits of chance."""
    return secrets.token_hex(BATCH_ID_BYTES)


def naming(messages: Sequence[int]) -> dict[str, Any]:
    """The `extra` of a log record that is about these messages."""
    return {"facts": {"messages": list(messages)}}


def reached(stage: str, messages: Sequence[int] = (), **counts: int) -> None:
    """Say that these messages have come through a stage."""
    is_logged = log.isEnabledFor(logging.INFO)
    if not is_logged and _watched.by is None:
        return
    facts: dict[str, Any] = {"stage": stage, **counts}
    if messages:
        facts["messages"] = list(messages)
    if is_logged:
        log.info("mail: %s", stage, extra={"facts": facts})
    if _watched.by is not None:
        _watched.by.stage(stage, {**following.facts(), **facts})
