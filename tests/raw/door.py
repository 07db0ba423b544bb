"""A door before an S3-compatible store that tests close: requests pass, are refused with an error of S3, or find nobody."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

OWNER = "/owner"
_ERROR = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>"


class Door:
    """`refuse_with` is (HTTP status, code of S3); after `puts_left` objects or `requests_left` requests it shuts by itself,
    hanging up on everybody. `seconds` is how long it waits before it passes a request on.

    After `kill_after` objects are in the store, `victim` is killed before it hears of the last one.
    """

    def __init__(self, store: str) -> None:
        self.store = urlsplit(store).netloc
        self.is_shut = False
        self.puts_left: int | None = None
        self.requests_left: int | None = None
        self.seconds = 0.0
        self.refuse_with: tuple[int, str] | None = None
        self.kill_after: int | None = None
        self.requests: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.url = ""
        self.victim = 0

    def open(self) -> None:
        """Everything passes again, and nothing was counted."""
        self.is_shut, self.puts_left, self.refuse_with, self.kill_after = False, None, None, None
        self.requests_left, self.seconds = None, 0.0
        self.requests.clear()
        self.most_at_once = 0

    def kills(self, victim: int, *, after: int) -> None:
        """Kill a process once so many more objects are in the store, before it hears of the last one."""
        self.victim, self.kill_after = victim, after

    @contextmanager
    def standing(self) -> Iterator[Door]:
        """Serve on a free port."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"door": self}))
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield self
        server.shutdown()
        thread.join()
        server.server_close()

    def passes(self, method: str) -> bool:
        """Count a request, and say whether it comes through."""
        with self.lock:
            if method == "PUT" and self.puts_left is not None:
                self.puts_left -= 1
                self.is_shut = self.is_shut or self.puts_left < 0
            if self.requests_left is not None:
                self.requests_left -= 1
                self.is_shut = self.is_shut or self.requests_left < 0
            self.requests[method] += not self.is_shut
            return not self.is_shut

    def done(self, method: str) -> None:
        """The store has done what it was asked for."""
        with self.lock:
            if method == "PUT" and self.kill_after is not None:
                self.kill_after -= 1
                if self.kill_after == 0:
                    with suppress(ProcessLookupError):
                        os.kill(self.victim, signal.SIGKILL)

    def count(self, change: int) -> None:
        """Somebody came, or left."""
        with self.lock:
            self.at_once += change
            self.most_at_once = max(self.most_at_once, self.at_once)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    door: Door

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.partition("?")[0].endswith(OWNER):  # asked for once by each process, and no mail
            may_pass = not self.door.is_shut
        else:
            may_pass = self.door.passes(self.command)
        if not may_pass:
            self.close_connection = True
            return
        if self.door.refuse_with:
            status, code = self.door.refuse_with
            self._answer(status, {}, _ERROR.format(code=code).encode())
            return
        self.door.count(+1)
        time.sleep(self.door.seconds)
        try:
            store = HTTPConnection(self.door.store)
            store.request(self.command, self.path, body, dict(self.headers))
            answer = store.getresponse()
            content = answer.read()
            self.door.done(self.command)
            with suppress(ConnectionError):  # of whoever was killed meanwhile
                self._answer(answer.status, dict(answer.getheaders()), content)
            store.close()
        finally:
            self.door.count(-1)

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {"connection", "transfer-encoding", "content-length"}:
                self.send_header(name, value)
        length = headers.get("Content-Length", len(content)) if self.command == "HEAD" else len(content)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _serve

    def log_message(self, *args: Any) -> None:
        pass
