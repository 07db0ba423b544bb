"""The sign-in of a mailbox at its provider: begun and followed by a person, used and renewed by visits.

Whoever holds the row's lock talks to the provider, so that two visits never use up one refresh token.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from django.db import transaction

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest.places import oauth
from reports.ingest.places.oauth import App, Tokens
from reports.ingest.places.secrets import secret_of
from reports.models import Mailbox, SignIn
from reports.sealing import Purpose, SealBroken, seal, unseal
from reports.vocabulary import MailboxFault

SPARE = timedelta(minutes=2)
"""A token that ends sooner is renewed: a visit's login must not run into its end."""
BROWSER_WAY = timedelta(minutes=15)
DETAIL_LENGTH = 500


def app_of(mailbox: Mailbox) -> App:
    """On whose behalf the mailbox signs in. Raises MailboxMisconfigured where its client secret cannot be opened."""
    said = mailbox.settings
    secret = secret_of(mailbox) if mailbox.secret else ""
    return App(said["sign_in"], mailbox.kind, said["client_id"], said.get("tenant", ""), secret)


def access_token(mailbox: Mailbox, *, clock: Callable[[], datetime]) -> str:
    """A token that is good for a visit, renewed where it is not.

    Raises MailboxError where the provider cannot be asked, MailboxMisconfigured where somebody has to sign in (again).
    """
    app, at = app_of(mailbox), clock()
    with transaction.atomic():
        row = SignIn.objects.select_for_update().filter(mailbox=mailbox.pk).first() if mailbox.pk else None
        if row is None or not row.refresh:
            raise MailboxMisconfigured(MailboxFault.SIGN_IN_MISSING)
        if row.access and row.access_until and at < row.access_until - SPARE:
            return _open(row.access)
        tokens = oauth.refresh(app, _open(row.refresh))
        _keep(row, tokens, at=at)
        row.save()
        return tokens.access


def forget_access(mailbox: Mailbox) -> None:
    """The server refused the token though it should be good: the next visit gets a new one."""
    SignIn.objects.filter(mailbox=mailbox.pk).update(access=b"", access_until=None)


def begin_device(mailbox: Mailbox, *, at: datetime) -> SignIn:
    """Ask the provider for a code that a person enters there. Raises MailboxError."""
    device = oauth.ask_for_device(app_of(mailbox))
    fields = {
        "pending": _sealed({"device": device.code}), "user_code": device.user_code, "url": device.url,
        "pending_until": at + timedelta(seconds=device.life), "poll_at": at + timedelta(seconds=device.interval),
        "poll_seconds": min(device.interval, 60), "fault": "", "fault_detail": "",
    }  # fmt: skip
    return SignIn.objects.update_or_create(mailbox=mailbox, defaults=fields)[0]


def begin_in_browser(mailbox: Mailbox, *, redirect_uri: str, at: datetime) -> str:
    """The address that the browser is sent to; it comes back to `redirect_uri`. Raises MailboxMisconfigured."""
    verifier, state = oauth.new_verifier(), f"{mailbox.pk}.{token_urlsafe(32)}"
    url = oauth.authorize_url(app_of(mailbox), redirect_uri=redirect_uri, state=state, verifier=verifier)
    fields: dict[str, Any] = {
        "pending": _sealed({"state": state, "verifier": verifier, "redirect_uri": redirect_uri}), "user_code": "", "url": "",
        "pending_until": at + BROWSER_WAY, "poll_at": None, "fault": "", "fault_detail": "",
    }  # fmt: skip
    SignIn.objects.update_or_create(mailbox=mailbox, defaults=fields)
    return url


def follow_device(mailbox: Mailbox, *, user_id: int, at: datetime) -> bool:
    """Ask whether the person has decided, but no sooner than the provider wants; True where they have just signed in.

    What the provider refuses for good ends the sign-in, and is kept as its fault.
    """
    app = app_of(mailbox)
    with transaction.atomic():
        row = SignIn.objects.select_for_update().filter(mailbox=mailbox).first()
        if row is None or not row.pending or not row.user_code or (row.poll_at and at < row.poll_at):
            return False
        if row.pending_until and at >= row.pending_until:
            _end(row, MailboxMisconfigured(MailboxFault.SIGN_IN_EXPIRED))
            return False
        row.poll_at = at + timedelta(seconds=row.poll_seconds)
        try:
            tokens = oauth.poll(app, _pending(row)["device"])
        except MailboxMisconfigured as error:
            _end(row, error)
            return False
        except MailboxError:  # a passing trouble: asked again
            tokens = None
        return _finish(row, tokens, user_id=user_id, at=at)


def finish_in_browser(mailbox: Mailbox, *, state: str, code: str, user_id: int, at: datetime) -> bool:
    """Turn the code that came back into tokens; False where it does not belong to the sign-in that is under way."""
    app = app_of(mailbox)
    with transaction.atomic():
        row = SignIn.objects.select_for_update().filter(mailbox=mailbox).first()
        if row is None or not row.pending or not row.pending_until or at >= row.pending_until:
            return False
        pending = _pending(row)
        if not hmac.compare_digest(pending.get("state", "").encode(), state.encode()) or not pending.get("verifier"):
            return False
        try:
            tokens = oauth.exchange(app, code, redirect_uri=pending["redirect_uri"], verifier=pending["verifier"])
        except MailboxError as error:
            _end(row, error)
            return False
        return _finish(row, tokens, user_id=user_id, at=at)


def _finish(row: SignIn, tokens: Tokens | None, *, user_id: int, at: datetime) -> bool:
    if tokens is not None and not tokens.refresh:
        _end(row, MailboxMisconfigured(MailboxFault.SCOPE_REFUSED, (("error", "no refresh token"),)))
        return False
    if tokens is not None:
        _keep(row, tokens, at=at)
        _clear(row)
        row.signed_in_at, row.signed_in_by_id = at, user_id
        Mailbox.objects.filter(pk=row.mailbox_id).update(due_at=at, failures=0, error_code="", error_detail="")
    row.save()
    return tokens is not None


def _keep(row: SignIn, tokens: Tokens, *, at: datetime) -> None:
    row.access = seal(tokens.access.encode(), purpose=Purpose.SIGN_IN)
    row.access_until = at + timedelta(seconds=tokens.life)
    if tokens.refresh:
        row.refresh = seal(tokens.refresh.encode(), purpose=Purpose.SIGN_IN)


def _end(row: SignIn, error: MailboxError) -> None:
    _clear(row)
    row.fault, row.fault_detail = error.code, dict(error.params).get("error", "")[:DETAIL_LENGTH]
    row.save()


def _clear(row: SignIn) -> None:
    row.pending, row.user_code, row.url, row.pending_until, row.poll_at = b"", "", "", None, None
    row.fault = row.fault_detail = ""


def _pending(row: SignIn) -> dict[str, str]:
    found: dict[str, str] = json.loads(_open(row.pending))
    return found


def _sealed(pending: dict[str, str]) -> bytes:
    return seal(json.dumps(pending).encode(), purpose=Purpose.SIGN_IN)


def _open(sealed: bytes | memoryview[int]) -> str:
    try:
        return unseal(sealed, purpose=Purpose.SIGN_IN).decode()
    except SealBroken:
        raise MailboxMisconfigured(MailboxFault.SIGN_IN_MISSING) from None
