"""Asks, before anything is started, whether what we need is there: the port, and servers that the environment names."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis

from dmarcsite.services.answer import HOST
from dmarcsite.services.errors import CannotStart

TIMEOUT_SECONDS = 10


@contextmanager
def reserved_port(port: int) -> Iterator[socket.socket]:
    """A socket bound to the loopback port, not yet listening: the web server takes it over. Raises CannotStart."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OverflowError:
            raise CannotStart(f"PORT is {port}: it must be between 1 and 65535.") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise CannotStart(f"Port {port} cannot be used: {error.strerror}.") from None
            raise CannotStart(
                f"Port {port} is in use by another program: stop that one, or choose another port (PORT={port + 1} make up)."
            ) from None
        yield listener


def check_database(named: dict[str, Any]) -> None:
    """Connect once to the database of DATABASE_URL (as Django's settings hold it). Raises CannotStart."""
    parts = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    wanted = {key: named[name] for key, name in parts.items() if named.get(name)} | named.get("OPTIONS", {})
    try:
        psycopg.connect(**{"connect_timeout": TIMEOUT_SECONDS, **wanted}).close()
    except psycopg.Error as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise CannotStart(f"The database of DATABASE_URL cannot be reached: {reason}.") from None


def check_redis(url: str) -> None:
    """Ping the server of REDIS_URL. Raises CannotStart."""
    try:
        redis.Redis.from_url(url, socket_connect_timeout=TIMEOUT_SECONDS, socket_timeout=TIMEOUT_SECONDS).ping()
    except (redis.RedisError, ValueError, OSError) as error:
        place = urlsplit(url)
        where = place.hostname or place.path
        raise CannotStart(f"The server of REDIS_URL at {where} cannot be reached: {str(error).rstrip('.')}.") from None
