"""Joins files to the pipeline: each mail of a file enters the ledger under the file's name. Opens no file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from reports.ingest.files import FileMail, Take
from reports.ingest.ledger import Arrival
from reports.ingest.outcome import Result
from reports.ingest.pipeline import ingest
from reports.models import Organisation
from reports.vocabulary import Channel


def importer(organisation: Organisation, *, clock: Callable[[], datetime], channel: Channel = Channel.FILE) -> Take:
    """What stores batches of file mails for an organisation; `clock` says when each batch comes in."""

    def take(batch: Sequence[FileMail]) -> list[Result]:
        at = clock()
        arrivals = [Arrival(mail.data, channel, at, filename=mail.path.name) for mail in batch]
        return ingest(arrivals, organisation=organisation, at=at)

    return take
