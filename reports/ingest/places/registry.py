"""All kinds of places: how a mailbox row becomes the way to its place, and what each kind can do with mail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reports.errors import MailboxMisconfigured
from reports.ingest.places.gmail import gmail_way
from reports.ingest.places.graph import graph_way
from reports.ingest.places.imap import imap_way
from reports.ingest.places.local_ways import folder_way, maildir_way, mbox_way
from reports.ingest.places.place import Way
from reports.ingest.places.s3 import s3_way
from reports.models import Mailbox
from reports.vocabulary import MailboxFault, PlaceKind

LEAVE, FLAG, MOVE = Mailbox.Action.LEAVE, Mailbox.Action.FLAG, Mailbox.Action.MOVE


@dataclass(frozen=True, slots=True)
class Kind:
    """`where` is the line that tells people where it leads, with names of Mailbox.settings in braces."""

    way: Callable[[Mailbox], Way]
    where: str
    actions: tuple[Mailbox.Action, ...] = (LEAVE, FLAG, MOVE)


KINDS: Mapping[str, Kind] = {
    PlaceKind.MAILDIR: Kind(maildir_way, where="{path}"),
    PlaceKind.MBOX: Kind(mbox_way, where="{path}", actions=(LEAVE,)),
    PlaceKind.FOLDER: Kind(folder_way, where="{path}", actions=(LEAVE, MOVE)),
    PlaceKind.S3: Kind(s3_way, where="{bucket}/{prefix} {endpoint_url}"),
    PlaceKind.GRAPH: Kind(graph_way, where="{username} · {folder}"),
    PlaceKind.GMAIL: Kind(gmail_way, where="{username} · {folder}"),
    PlaceKind.IMAP: Kind(imap_way, where="{username} · {host}:{port} · {folder}"),
}


def where(mailbox: Mailbox) -> str:
    """Where a mailbox leads, in one line; what its settings do not say is left out."""
    kind = KINDS.get(mailbox.kind)
    return kind.where.format_map(defaultdict(str, mailbox.settings)) if kind else mailbox.kind


def way_to(mailbox: Mailbox) -> Way:
    """The way to the place that a mailbox names. Raises MailboxMisconfigured where its settings or its secret do not."""
    kind = KINDS.get(mailbox.kind)
    if kind is None:
        raise MailboxMisconfigured(MailboxFault.SETTINGS_UNREADABLE, (("kind", mailbox.kind),))
    try:
        return kind.way(mailbox)
    except (TypeError, KeyError, ValueError) as error:  # settings that no form of this version has written
        raise MailboxMisconfigured(MailboxFault.SETTINGS_UNREADABLE, (("error", str(error)),)) from None
