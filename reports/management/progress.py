"""A progress bar on the terminal, where there is one: on standard error, so that what is printed can be piped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TextIO, TypeVar

from tqdm import tqdm

T = TypeVar("T")


def bar(*, total: int | None, unit: str, stream: TextIO) -> tqdm[Any]:
    """A bar that is moved by hand; draws nothing where `stream` is no terminal."""
    return tqdm(total=total, unit=f" {unit}", file=stream, disable=not stream.isatty(), leave=False, dynamic_ncols=True)


def followed(things: Iterable[T], *, total: int | None, unit: str, stream: TextIO) -> Iterator[T]:
    """The things, and a bar that counts them."""
    with bar(total=total, unit=unit, stream=stream) as progress:
        for thing in things:
            yield thing
            progress.update()
