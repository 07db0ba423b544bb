"""Uploaded files as mails: bounded in size, mbox files split, each with one result. Knows no request and no form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reports.dto import Problem
from reports.ingest.combined import Combined
from reports.ingest.extraction import is_mbox, split_mbox
from reports.ingest.files import BATCH_BYTES, BATCH_MESSAGES, FileMail, Take
from reports.ingest.outcome import Result
from reports.vocabulary import Outcome, Reason

_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """One file of an upload; `size` in bytes, `stream` at its beginning."""

    name: str
    size: int
    stream: BinaryIO


def take_upload(file: UploadedFile, *, take: Take, limit: int) -> Result:
    """Hand the mails of one file to `take` in bounded batches. A file beyond `limit` bytes is refused unread."""
    if file.size > limit:
        problem = Problem(Reason.TOO_LARGE, (("limit", str(limit)),))
        return Result(Outcome.REFUSED, Reason.TOO_LARGE, (problem,))
    combined = Combined(named=True)
    for batch in batches(mails_of(file)):
        combined.add(take(batch))
    return combined.result()


def mails_of(file: UploadedFile) -> Iterator[FileMail]:
    """The mails of an mbox file, else the file itself."""
    path = Path(file.name or "upload")
    head = file.stream.read(_HEAD_BYTES)
    file.stream.seek(0)
    if is_mbox(head):
        for data in split_mbox(file.stream):
            yield FileMail(path, data)
    else:
        yield FileMail(path, file.stream.read())


def batches(mails: Iterable[FileMail]) -> Iterator[list[FileMail]]:
    """The mails in batches that memory holds."""
    batch: list[FileMail] = []
    size = 0
    for mail in mails:
        batch.append(mail)
        size += len(mail.data)
        if len(batch) >= BATCH_MESSAGES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
