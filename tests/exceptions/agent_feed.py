"""A feed for the agent's tests: a real HTTP server whose next answers a test sets, and a mail host's configuration."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from exceptions.agent.config import Config, read_config
from exceptions.agent.keeper import PolicyKeeper
from exceptions.agent.server import Server
from exceptions.agent.store import PolicyStore
from exceptions.engine.wire import PolicyDocument, render
from exceptions.signing import private_key, public_text, sign

KEY = private_key(bytes(range(32)))
OTHER_KEY = private_key(bytes(32))
NOW = 1_795_500_000
TOKEN = "token-of-mx-1"


def a_policy(number: int = 1, **changes: Any) -> bytes:
    """The bytes of a valid policy for node mx-1 of organisation example."""
    document: dict[str, Any] = {
        "format": "sekimori-policy/1",
        "node": "mx-1",
        "organisation": "example",
        "number": number,
        "generated_at": NOW - 60,
        "valid_until": NOW - 60 + 259_200,
        "own_domains": ["example.com"],
        "enforcement": {"default": {"mode": "reject", "share": 100}, "domains": {}},
        "rules": [],
    }
    return render(cast("PolicyDocument", {**document, **changes}))


@dataclass
class Feed:
    """What the server says next and what it was told. `declared` is a false Content-Length, `status` a refusal."""

    url: str = ""
    body: bytes = b""
    signature: str | None = None
    status: int = 200
    declared: int | None = None
    post_status: int = 200
    largest: int | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def publish(self, body: bytes, *, signature: str | None = None) -> None:
        self.body, self.signature = body, sign(body, KEY) if signature is None else signature

    def posts(self, name: str) -> list[dict[str, Any]]:
        return [document for path, document in self.told if path.endswith(f"/{name}")]


def _handler(feed: Feed) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            feed.asked.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
            etag = f'"{hashlib.sha256(feed.body).hexdigest()}"'
            status = 304 if feed.status == 200 and self.headers.get("If-None-Match") == etag else feed.status
            body = feed.body if status == 200 else b""
            self.send_response(status)
            self.send_header("ETag", etag)
            if feed.signature:
                self.send_header("Sekimori-Signature", feed.signature)
            self.send_header("Content-Length", str(len(body) if feed.declared is None else feed.declared))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            entries = len(document.get("events", ())) + len(document.get("passes", ()))
            status = 413 if feed.largest is not None and entries > feed.largest else feed.post_status
            if status == 200:
                feed.told.append((self.path, document))
            answer = b'{"accepted":0,"number":1}'
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


@contextmanager
def serving(feed: Feed, *, port: int = 0, tls: tuple[Path, Path] | None = None) -> Iterator[Feed]:
    """Serve on loopback until the block ends; with `tls` (certificate, key) by https."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(feed))
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    feed.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield feed
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class MailHost:
    """The agent's files on one host, in a directory of the test."""

    root: Path
    config_file: Path
    config: Config

    @property
    def directory(self) -> Path:
        return self.config.directory

    @property
    def live(self) -> bytes:
        return (self.directory / "policy.json").read_bytes()

    def keeper(self, *, now: float = NOW) -> PolicyKeeper:
        """An agent that has just started."""
        keeper = PolicyKeeper(
            self.config, server=Server(self.config), store=PolicyStore(self.directory), clock=lambda: now
        )
        keeper.load()
        return keeper


def a_mail_host(root: Path, url: str, *, redis: str = "", ca_file: str = "") -> MailHost:
    (root / "live").mkdir()
    (root / "token").write_text(TOKEN + "\n")
    config_file = root / "agent.toml"
    config_file.write_text(
        f'server = "{url}"\nnode = "mx-1"\norganisation = "example"\ntoken_file = "{root}/token"\n'
        f'public_keys = ["{public_text(KEY.public_key())}"]\ndirectory = "{root}/live"\nredis = "{redis}"\n'
        f'filter = "rspamd 3.4"\nca_file = "{ca_file}"\n'
    )
    return MailHost(root, config_file, read_config(config_file))
