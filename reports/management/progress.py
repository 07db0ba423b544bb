"""A progress bar on the terminal, where there is one: on standard error, so that what is printed can be piped."""

from __future__ import annotations

from typing import Any, TextIO

from tqdm import tqdm


def bar(*, total: int | None, unit: str, stream: TextIO) -> tqdm[Any]:
    """A bar that is moved by hand; draws nothing where `stream` is no terminal."""
    return tqdm(total=total, unit=f" {unit}", file=stream, disable=not stream.isatty(), leave=False, dynamic_ncols=True)
