"""A person signs in for a mailbox: begun, followed and finished, each with its audit entry. No token is in any entry."""

from __future__ import annotations

from datetime import datetime

from reports.audit import log
from reports.audit.actions import register
from reports.ingest.places import sign_in
from reports.ingest.places.imap_account import PASSWORD
from reports.ingest.places.providers import PROVIDERS
from reports.models import Mailbox
from reports.viewer import Viewer

BEGUN = register("reports.mailbox.sign_in_begun")
DONE = register("reports.mailbox.signed_in")


def uses_sign_in(mailbox: Mailbox) -> bool:
    """Whether somebody has to sign in at a provider for it."""
    return mailbox.settings.get("sign_in", PASSWORD) in PROVIDERS


def provider_name(mailbox: Mailbox) -> str:
    """What the provider calls itself, "" where there is none."""
    provider = PROVIDERS.get(mailbox.settings.get("sign_in", ""))
    return provider.name if provider else ""


def begin(mailbox: Mailbox, *, redirect_uri: str, viewer: Viewer, at: datetime) -> str:
    """Begin a sign-in; the answer is the address that the person has to open, "" where a code is to be entered instead.

    Raises MailboxError.
    """
    url = ""
    if sign_in.app_of(mailbox).at.device_url:
        sign_in.begin_device(mailbox, at=at)
    else:
        url = sign_in.begin_in_browser(mailbox, redirect_uri=redirect_uri, at=at)
    log.record(BEGUN, at=at, viewer=viewer, subject=mailbox)
    return url


def check(mailbox: Mailbox, *, viewer: Viewer, at: datetime) -> bool:
    """Ask the provider whether the code was entered; True where the sign-in is done just now. Raises MailboxError."""
    is_done = sign_in.follow_device(mailbox, user_id=viewer.user_id, at=at)
    if is_done:
        log.record(DONE, at=at, viewer=viewer, subject=mailbox)
    return is_done


def come_back(mailbox: Mailbox, *, state: str, code: str, viewer: Viewer, at: datetime) -> bool:
    """The browser came back with a code; True where the sign-in is done. Raises MailboxError."""
    is_done = sign_in.finish_in_browser(mailbox, state=state, code=code, user_id=viewer.user_id, at=at)
    if is_done:
        log.record(DONE, at=at, viewer=viewer, subject=mailbox)
    return is_done
