"""What is being worked on right now, by ids alone: log lines and traces name it, so that one id follows a mail through all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Facts = Mapping[str, Any]
_facts: ContextVar[Facts] = ContextVar("following", default={})  # noqa: B039  (nobody changes it in place)


def facts() -> Facts:
    """The ids of what this thread is working on, by name: request, task, mailbox, batch."""
    return _facts.get()


@contextmanager
def about(**more: Any) -> Iterator[None]:
    """Whatever is written down inside names these ids too. Ids only: never an address, a subject or a file name."""
    token = _facts.set({**_facts.get(), **more})
    try:
        yield
    finally:
        _facts.reset(token)
