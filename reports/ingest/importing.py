"""Joins files to the pipeline: each mail of a file enters the ledger under the file's name. Opens no file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from reports.ingest.files import FileMail, Take
from reports.ingest.ledger import Arrival
from reports.ingest.outcome import Result
from reports.ingest.pipeline import ingest
from reports.models import Organisation
from reports.vocabulary import Channel


def importer(
    organisation: Organisation,
    *,
    clock: Callable[[], datetime],
    channel: Channel = Channel.FILE,
    uploaded_by_id: int | None = None,
) -> Take:
    """What stores batches of file mails for an organisation, in the name of the person who brought them where there is one;
    `clock` says when each batch comes in.
    """

    def take(batch: Sequence[FileMail]) -> list[Result]:
        at = clock()
        arrivals = arrivals_of(batch, channel=channel, uploaded_by_id=uploaded_by_id, at=at)
        return ingest(arrivals, organisation=organisation, at=at)

    return take


def arrivals_of(
    mails: Iterable[FileMail], *, channel: Channel, uploaded_by_id: int | None, at: datetime
) -> list[Arrival]:
    """The mails as the ledger takes them in."""
    return [Arrival(mail.data, channel, at, filename=mail.path.name, uploaded_by_id=uploaded_by_id) for mail in mails]
