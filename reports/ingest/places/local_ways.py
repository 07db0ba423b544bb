"""The ways to files of this machine that a mailbox can name."""

from __future__ import annotations

from django.conf import settings

from reports.ingest.places.local import LocalWay
from reports.ingest.places.maildir import Maildir
from reports.ingest.places.mbox import Mbox
from reports.ingest.places.watched_folder import WatchedFolder
from reports.models import Mailbox

ORGANISATION = "{organisation}"
"""Stands in the operator's root for the short name of the organisation, so that none reads another's files."""


def maildir_way(mailbox: Mailbox) -> LocalWay:
    """The way to a Maildir."""
    return LocalWay(mailbox.settings["path"], _root(mailbox), Maildir)


def mbox_way(mailbox: Mailbox) -> LocalWay:
    """The way to an mbox file."""
    return LocalWay(mailbox.settings["path"], _root(mailbox), Mbox, is_file=True)


def folder_way(mailbox: Mailbox) -> LocalWay:
    """The way to a watched folder."""
    return LocalWay(mailbox.settings["path"], _root(mailbox), WatchedFolder)


def _root(mailbox: Mailbox) -> str:
    root: str = settings.LOCAL_PLACES_ROOT
    return root.replace(ORGANISATION, mailbox.organisation.slug)
