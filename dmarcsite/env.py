"""The one reader of the environment, and the secrets that an installation makes for itself. Used by settings alone."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import dj_email_url  # type: ignore[import-untyped]  # it carries no types
from environs import Env, EnvError

KEY_BYTES = 32
DNS_PORT = 53
_SMTP = "django.core.mail.backends.smtp.EmailBackend"
_NO_MAIL = "dummy://"
_POSTGRESQL = "django.db.backends.postgresql"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class BadSetting(SystemExit):
    """A setting that cannot be used; its text says what to do. Ends the process, since nothing works without it."""


class SecretEnv(Env):
    """environs' Env, which makes secrets that nobody has set, and says in one sentence what cannot be used.

    A variable that is set to nothing counts as not set, since compose files hand those on. No sentence holds an address
    with its password. Each method raises BadSetting.
    """

    def secret(self, name: str, *, generated: Path, make: Callable[[], str]) -> str:
        """The value of NAME, else of the file `generated`, which is made on first use (mode 0600)."""
        if value := os.environ.get(name):
            return value
        try:
            if not generated.exists():
                generated.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _write_once(generated, make())
            return generated.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise BadSetting(
                f"{name} is not set, and {generated} can be neither read nor made ({error.strerror}): "
                "run this as the account that Sekimori runs as, or correct SEKIMORI_VAR_DIR."
            ) from None

    def number(self, name: str, *, default: int, least: int) -> int:
        """A whole number."""
        text = os.environ.get(name, "").strip() or str(default)
        if not text.isascii() or not text.isdecimal() or int(text) < least:
            raise BadSetting(f"{name} must be a whole number, {least} or more, not {text!r}.")
        return int(text)

    def flag(self, name: str, *, default: bool) -> bool:
        """1 or 0, and the words that environs knows for them."""
        try:
            return bool(self.bool(name)) if os.environ.get(name) else default
        except EnvError:
            raise BadSetting(f"{name} must be 1 or 0, not {os.environ[name]!r}.") from None

    def postgresql(self, name: str, *, default: str) -> dict[str, Any]:
        """Django's settings for the database that a URL names."""
        try:
            named = dj_database_url.parse(os.environ.get(name) or default, conn_max_age=60, conn_health_checks=True)
        except ValueError:  # of the library or of urllib; both quote the URL
            named = {}
        if named.get("ENGINE") != _POSTGRESQL:
            raise BadSetting(f"{name} must name a PostgreSQL database (postgres://user:password@host/name).")
        return dict(named)

    def broker(self, name: str, *, default: str) -> str:
        """The URL of a Valkey or Redis."""
        url = os.environ.get(name) or default
        if not url.startswith(("redis://", "rediss://", "unix:///")):
            raise BadSetting(f"{name} must be like redis://host:6379/0, rediss://host:6379/0 or unix:///path?db=0.")
        return url

    def level(self, name: str, *, default: str) -> str:
        """One of the levels, in any letters."""
        level = (os.environ.get(name) or default).upper()
        if level not in LOG_LEVELS:
            raise BadSetting(f"{name} must be one of {', '.join(LOG_LEVELS)}, not {level!r}.")
        return level


def read_secret_files(*names: str) -> None:
    """Set each NAME that is unset from the file that NAME_FILE names, as container platforms hand out secrets.

    Raises BadSetting for a file that cannot be read.
    """
    for name in names:
        named = os.environ.get(f"{name}_FILE")
        if named and not os.environ.get(name):
            try:
                os.environ[name] = Path(named).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise BadSetting(f"{name}_FILE names {named}, which cannot be read: {error.strerror}.") from None


def new_signing_secret() -> str:
    """A fresh secret for Django's signatures, longer than its own check asks for."""
    return secrets.token_urlsafe(48)


def new_key() -> str:
    """A fresh 256-bit key in base64."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def keys_from(text: str) -> list[bytes]:
    """Comma-separated base64 keys of 32 bytes, newest first. Raises BadSetting."""
    try:
        keys = [base64.b64decode(part.strip(), validate=True) for part in text.split(",") if part.strip()]
    except binascii.Error:
        keys = []
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise BadSetting(
            "SEKIMORI_ENCRYPTION_KEYS must hold base64 keys of 32 bytes, separated by commas, newest first."
        )
    return keys


def mail_server_from(url: str) -> dict[str, Any]:
    """Django's EMAIL_ settings, by which nothing is sent where the url is empty. Raises BadSetting for other than SMTP.

    The parser leaves a scheme that it does not know out without a word, and then mail would go out without TLS; files
    and consoles are refused because a mail holds links that open an account.
    """
    config: dict[str, Any] = dj_email_url.parse(url or _NO_MAIL)
    if url and config.get("EMAIL_BACKEND") != _SMTP:
        raise BadSetting(
            "EMAIL_URL must be like submission://user:password@mail.example.com:587, or smtp://127.0.0.1:25."
        )
    return config


def networks_from(text: str) -> list[IPv4Network | IPv6Network]:
    """Comma-separated networks such as 10.0.0.0/8. Raises BadSetting."""
    try:
        return [ip_network(part.strip()) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise BadSetting(
            f"SEKIMORI_OUTGOING_ALLOWED_NETWORKS must hold networks such as 10.0.0.0/8: {error}."
        ) from None


def files_from(name: str, text: str) -> list[Path]:
    """Comma-separated paths of files that are there. Raises BadSetting, naming the variable."""
    paths = [Path(part.strip()) for part in text.split(",") if part.strip()]
    for path in paths:
        if not path.is_file():
            raise BadSetting(f"{name} names {path}, which is no file here.")
    return paths


def name_servers_from(text: str) -> list[tuple[str, int]]:
    """Comma-separated addresses of name servers, each with a port or without: 192.0.2.53, [2001:db8::53]:5353. Raises BadSetting."""
    return [_name_server(part.strip()) for part in text.split(",") if part.strip()]


def _name_server(text: str) -> tuple[str, int]:
    try:
        if text.startswith("[") or text.count(":") == 1:
            parts = urlsplit(f"//{text}")
            host, port = parts.hostname or "", parts.port or DNS_PORT
        else:
            host, port = text, DNS_PORT
        return str(ip_address(host)), port
    except ValueError:
        raise BadSetting(
            f"SEKIMORI_DNS_SERVERS must hold addresses such as 192.0.2.53 or 192.0.2.53:5353, or be none, not {text}."
        ) from None


def _write_once(path: Path, value: str) -> None:
    """Two processes may start at once: the first to link its file wins, both read the same value."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(value + "\n", encoding="utf-8")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
