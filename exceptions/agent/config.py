"""What the administrator of a mail host tells the agent, read once and checked; the keys: docs/policy-format.md 9."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from exceptions.errors import AgentError, CodedError
from exceptions.signing import PublicKeys, public_keys


@dataclass(frozen=True, slots=True)
class Config:
    server: str
    node: str
    organisation: str
    token_file: Path
    keys: PublicKeys
    directory: Path
    redis: str
    """A socket's path, host:port, or empty where no events are shipped."""
    stream: str
    ca_file: str
    filter: str
    """Which filter runs here, for the page that lists the nodes: "rspamd 3.4"."""


_DEFAULTS = {
    "directory": "/var/lib/sekimori-agent",
    "redis": "",
    "stream": "sekimori:events",
    "ca_file": "",
    "filter": "",
}
_REQUIRED = ("server", "node", "organisation", "token_file", "public_keys")


def read_config(path: Path) -> Config:
    """Read the TOML file. Raises AgentError naming the key: config_unreadable, config_missing, config_unknown,
    config_bad_value, insecure_server."""
    try:
        given: dict[str, Any] = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise AgentError("config_unreadable", path=str(path), reason=str(error)) from None
    for key in _REQUIRED:
        if key not in given:
            raise AgentError("config_missing", key=key)
    for key, value in given.items():
        if key not in _REQUIRED and key not in _DEFAULTS:
            raise AgentError("config_unknown", key=key)
        if not isinstance(value, list if key == "public_keys" else str):
            raise AgentError("config_bad_value", key=key)
    text: dict[str, str] = {**_DEFAULTS, **{key: value for key, value in given.items() if key != "public_keys"}}
    return Config(
        server=_server(text["server"]),
        node=text["node"],
        organisation=text["organisation"],
        token_file=Path(text["token_file"]),
        keys=_keys(given["public_keys"]),
        directory=Path(text["directory"]),
        redis=text["redis"],
        stream=text["stream"],
        ca_file=text["ca_file"],
        filter=text["filter"],
    )


def _keys(texts: list[str]) -> PublicKeys:
    try:
        keys = public_keys(texts)
    except (CodedError, TypeError, AttributeError):
        keys = {}
    if not keys:
        raise AgentError("config_bad_value", key="public_keys")
    return keys


def _server(url: str) -> str:
    """The base URL without a trailing slash. Plain http carries the token in the open, so only loopback may use it."""
    try:
        parts = urlsplit(url)
        port_is_readable = parts.port is None or parts.port > 0
    except ValueError:
        raise AgentError("config_bad_value", key="server") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_readable or parts.query:
        raise AgentError("config_bad_value", key="server")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise AgentError("insecure_server", server=url)
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
