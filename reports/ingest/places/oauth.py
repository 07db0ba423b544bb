"""OAuth 2.0 as mail providers speak it: device flow (RFC 8628), code with PKCE (RFC 7636), refresh (RFC 6749). Keeps nothing."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest.places import web
from reports.ingest.places.providers import PROVIDERS, Provider
from reports.vocabulary import MailboxFault

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
TEXT_LENGTH = 300
LIFE_SECONDS = 3600
POLL_SECONDS = 5
_WAITING = frozenset({"authorization_pending", "slow_down"})
_FAULTS = {
    "invalid_grant": MailboxFault.SIGN_IN_ENDED,
    "interaction_required": MailboxFault.SIGN_IN_ENDED,
    "expired_token": MailboxFault.SIGN_IN_EXPIRED,
    "access_denied": MailboxFault.SIGN_IN_DENIED,
    "authorization_declined": MailboxFault.SIGN_IN_DENIED,
    "invalid_client": MailboxFault.CLIENT_REFUSED,
    "unauthorized_client": MailboxFault.CLIENT_REFUSED,
    "invalid_scope": MailboxFault.SCOPE_REFUSED,
}


@dataclass(frozen=True, slots=True)
class App:
    """The registration at a provider on whose behalf somebody signs in. `secret` is "" for a public client."""

    provider: str
    kind: str
    client_id: str
    tenant: str = ""
    secret: str = field(default="", repr=False)

    @property
    def at(self) -> Provider:
        return PROVIDERS[self.provider]

    @property
    def scope(self) -> str:
        return self.at.scopes[self.kind]

    def url(self, template: str) -> str:
        return template.replace("{tenant}", self.tenant or "organizations")

    def identity(self) -> dict[str, str]:
        return {"client_id": self.client_id} | ({"client_secret": self.secret} if self.secret else {})


@dataclass(frozen=True, slots=True)
class Tokens:
    """`refresh` is "" where the provider gave no new one; `life` in seconds."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    life: int


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person enters at `url`; `life` and `interval` in seconds."""

    code: str = field(repr=False)
    user_code: str
    url: str
    life: int
    interval: int


def ask_for_device(app: App) -> DeviceCode:
    """Begin a device flow. Raises MailboxError."""
    answer = _post(app.url(app.at.device_url), {**app.identity(), "scope": app.scope})
    page = str(answer.get("verification_uri") or answer.get("verification_url") or "")
    if not page.startswith("https://"):  # it becomes a link
        raise MailboxError(MailboxFault.PROVIDER_BUSY, (("error", "no address to enter the code at"),))
    return DeviceCode(
        _text(answer, "device_code"),
        _text(answer, "user_code"),
        page,
        _seconds(answer, "expires_in", LIFE_SECONDS),
        _seconds(answer, "interval", POLL_SECONDS),
    )


def poll(app: App, code: str) -> Tokens | None:
    """The tokens, or None while the person has not decided yet. Raises MailboxError where they never will."""
    try:
        return _tokens(app, {"grant_type": DEVICE_GRANT, "device_code": code})
    except MailboxError as error:
        if dict(error.params).get("code") in _WAITING:
            return None
        raise


def refresh(app: App, token: str) -> Tokens:
    """New tokens for a refresh token. Raises MailboxMisconfigured where somebody has to sign in again."""
    return _tokens(app, {"grant_type": "refresh_token", "refresh_token": token, "scope": app.scope})


def new_verifier() -> str:
    """RFC 7636 section 4.1."""
    return secrets.token_urlsafe(48)


def authorize_url(app: App, *, redirect_uri: str, state: str, verifier: str) -> str:
    """Where a browser is sent to, so that a person signs in and comes back to `redirect_uri` with a code."""
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": app.client_id, "redirect_uri": redirect_uri, "response_type": "code", "scope": app.scope, "state": state,
        "code_challenge": challenge, "code_challenge_method": "S256", "access_type": "offline", "prompt": "consent",
    }  # fmt: skip
    return f"{app.url(app.at.authorize_url)}?{urlencode(query)}"


def exchange(app: App, code: str, *, redirect_uri: str, verifier: str) -> Tokens:
    """The tokens for a code that came back. Raises MailboxError."""
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    return _tokens(app, fields)


def _tokens(app: App, fields: Mapping[str, str]) -> Tokens:
    answer = _post(app.url(app.at.token_url), {**app.identity(), **fields})
    return Tokens(
        _text(answer, "access_token"),
        str(answer.get("refresh_token") or ""),
        _seconds(answer, "expires_in", LIFE_SECONDS),
    )


def _post(url: str, fields: Mapping[str, str]) -> dict[str, Any]:
    with web.client() as client, web.speaking(), client.stream("POST", url, data=dict(fields)) as response:
        body = web.read_bounded(response)
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if response.status_code == HTTPStatus.OK and isinstance(answer, dict):
        return answer
    if (
        not isinstance(answer, dict)
        or "error" not in answer
        or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
    ):
        raise MailboxError(MailboxFault.PROVIDER_BUSY, (("error", f"HTTP {response.status_code}"),))
    code = str(answer["error"])[:TEXT_LENGTH]
    words = (str(answer.get("error_description") or code).splitlines() or [""])[0][:TEXT_LENGTH]
    raise MailboxMisconfigured(_FAULTS.get(code, MailboxFault.SIGN_IN_REFUSED), (("code", code), ("error", words)))


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise MailboxError(MailboxFault.PROVIDER_BUSY, (("error", f"no {name} in the answer"),))
    return value


def _seconds(answer: Mapping[str, Any], name: str, default: int) -> int:
    value = answer.get(name)
    return value if isinstance(value, int) and 0 < value < 1 << 31 else default
