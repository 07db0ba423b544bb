"""What the Ingestion page shows beside reports: a parked message, a dry run, a check of the sums, mailboxes that rest.

All of it is made by the same code as in earnest.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from dmarcsite.demo.cast import REPORTS_ADDRESS, SHOP_ADDRESS
from reports.ingest import ledger
from reports.ingest.ledger import Arrival
from reports.ingest.pipeline import finish_unread
from reports.ingest.places.providers import MICROSOFT
from reports.ingest.places.secrets import sealed_secret
from reports.models import Job, Mailbox, Message, Organisation, RollupCheck, SignIn
from reports.reread.asking import ask
from reports.reread.run import run
from reports.reread.selection import Selection
from reports.rollups.check import check_rollups
from reports.sealing import Purpose, seal
from reports.vocabulary import PlaceKind

PARKED = "-postbox-tls-example.net"
"""The end of the name of the mail that is parked: the last of these, so that reading it again brings a new report."""


def park(arrival: Arrival, *, organisation: Organisation, at: datetime) -> None:
    """Take a mail in, and leave it as one whose reading has ended the process each time."""
    (pk,) = ledger.take_in([arrival], organisation=organisation, at=at)
    Message.objects.filter(pk=pk).update(tries=ledger.TRIES)
    for _ in finish_unread([pk], at=at):
        pass


def set_going(organisation: Organisation) -> None:
    """A dry run over the last day, and a check of the sums where none was made. The second time does nothing."""
    made_at = organisation.created_at
    if not Job.objects.filter(organisation=organisation).exists():
        today = Selection(since=made_at.date().isoformat())
        run(ask(today, organisation=organisation, dry_run=True, at=made_at).pk, clock=lambda: made_at)
    if not RollupCheck.objects.exists():
        check_rollups(at=made_at, repair=False)


def mailboxes(organisation: Organisation) -> dict[str, Mailbox]:
    """The mailboxes by their address, made where there are none. They are switched off: nobody is at these addresses."""
    if not organisation.mailboxes.exists():
        _make_mailboxes(organisation)
    return {each.settings["username"]: each for each in organisation.mailboxes.all()}


def acknowledge(organisation: Organisation) -> None:
    """Note of all mails that were read that their mailbox was told, as a visit does."""
    told = Message.objects.filter(mailbox__organisation=organisation, outcome__isnull=False, acknowledged_at=None)
    told.update(acknowledged_at=F("read_at"))


def _make_mailboxes(organisation: Organisation) -> None:
    made_at = organisation.created_at
    account = {
        "host": "imap.example.com",
        "port": 993,
        "tls": "implicit",
        "username": REPORTS_ADDRESS,
        "folder": "INBOX",
    }
    at_provider = {
        "username": SHOP_ADDRESS, "folder": "inbox", "client_id": "00000000-0000-0000-0000-000000000000",
        "tenant": "example.net", "sign_in": MICROSOFT,
    }  # fmt: skip
    for name, kind, settings in (
        ("Reports of example.com", PlaceKind.IMAP, account),
        ("Reports of example.net", PlaceKind.GRAPH, at_provider),
    ):
        mailbox = Mailbox.objects.create(
            organisation=organisation, name=name, kind=kind.value, settings=settings, secret=sealed_secret(""),
            is_enabled=False, last_visit_at=made_at, last_success_at=made_at,
        )  # fmt: skip
        if "sign_in" in settings:
            token = seal(b"", purpose=Purpose.SIGN_IN)
            SignIn.objects.create(mailbox=mailbox, refresh=token, signed_in_at=made_at)
