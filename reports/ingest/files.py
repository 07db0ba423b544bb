"""Files and folders as mails: finds them, splits mbox files in a stream, and gathers bounded batches. Reads no report."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from os.path import abspath
from pathlib import Path

from reports.dto import Problem
from reports.ingest.collection import collection_paused
from reports.ingest.combined import Combined
from reports.ingest.extraction import Limits, is_mbox, split_mbox
from reports.ingest.outcome import Result
from reports.vocabulary import Outcome, Reason

BATCH_BYTES = 8 << 20
BATCH_MESSAGES = 10_000
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FileMail:
    """The content of a file, or one mail of an mbox file."""

    path: Path
    data: bytes


Take = Callable[[Sequence[FileMail]], list[Result]]


def find(paths: Iterable[Path]) -> Iterator[Path]:
    """All files at and below the paths, absolute and without "..", folders sorted, each once. Raises FileNotFoundError."""
    seen: set[Path] = set()
    for path in paths:
        absolute = Path(abspath(path))  # noqa: PTH100 - resolve() would show the target of a link, not what was named
        if not absolute.exists():
            raise FileNotFoundError(str(path))
        below = sorted(absolute.rglob("*")) if absolute.is_dir() else [absolute]
        for file in below:
            if file.is_file() and file not in seen:
                seen.add(file)
                yield file


def take_files(files: Iterable[Path], *, take: Take, named: bool = False) -> Iterator[tuple[Path, Result]]:
    """Hand the mails of all files to `take` in bounded batches; yield one result for each file, in order.

    The results of an mbox hold the facts of all its reports where they are to be `named`.
    """
    with collection_paused():
        yield from _taken(files, take=take, named=named)


def _taken(files: Iterable[Path], *, take: Take, named: bool) -> Iterator[tuple[Path, Result]]:
    batch: list[FileMail] = []
    size = 0
    waiting: dict[Path, Combined] = {}
    for file in files:
        waiting[file] = Combined(named=named)
        try:
            for mail in _mails(file):
                batch.append(mail)
                size += len(mail.data)
                if len(batch) >= BATCH_MESSAGES or size >= BATCH_BYTES:
                    _flush(batch, waiting, take=take)
                    size = 0
                    yield from _ended(waiting, but=file)
                    gc.collect(1)  # the little that counting references has left of the batch
        except OSError as error:
            waiting[file].add([_unreadable(error)])
    _flush(batch, waiting, take=take)
    yield from _ended(waiting)


def _flush(batch: list[FileMail], waiting: dict[Path, Combined], *, take: Take) -> None:
    for mail, result in zip(batch, take(batch), strict=True):
        waiting[mail.path].add([result])
    batch.clear()


def _ended(waiting: dict[Path, Combined], *, but: Path | None = None) -> Iterator[tuple[Path, Result]]:
    for file in [each for each in waiting if each != but]:
        yield file, waiting.pop(file).result()


def _mails(file: Path) -> Iterator[FileMail]:
    limit = Limits().bytes_in
    with file.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
        stream.seek(0)
        if is_mbox(head):
            for data in split_mbox(stream):
                yield FileMail(file, data)
        else:
            yield FileMail(file, stream.read(limit + 1))  # one byte too many, so that extraction says it is too large


def _unreadable(error: OSError) -> Result:
    problem = Problem(Reason.FILE_UNREADABLE, (("error", error.strerror or ""),))
    return Result(Outcome.REFUSED, Reason.FILE_UNREADABLE, (problem,))
