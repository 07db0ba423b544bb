"""Owns a small OAuth 2.0 provider on 127.0.0.1: device flow (RFC 8628), refresh with new refresh tokens, introspection."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CLIENT = "client-1"


class OAuthProvider:
    """People are who `people` says: user name by what they do with the code. `asked` are the forms that came in, by path."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.allowed: str | None = None
        """The user who has entered the code and agreed."""
        self.refusal = ""
        """The error that the token endpoint answers with."""
        self.is_broken = False
        self.life = 3600
        self.gives_refresh_token = True
        self._users: dict[str, str] = {}
        self._access: dict[str, str] = {}
        self._number = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[OAuthProvider]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def reset(self) -> None:
        """As if nobody had ever asked."""
        self.asked.clear()
        self.allowed, self.refusal, self.is_broken, self.life, self.gives_refresh_token = None, "", False, 3600, True

    def withdraw(self) -> None:
        """All tokens are void from now on."""
        self._users.clear()
        self._access.clear()

    def tokens_for(self, user: str) -> dict[str, Any]:
        self._number += 1
        refresh, access = f"refresh-{self._number}", f"access-{self._number}"
        self._users[refresh] = self._access[access] = user
        given = {"access_token": access, "token_type": "Bearer", "expires_in": self.life}
        return given | ({"refresh_token": refresh} if self.gives_refresh_token else {})

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.asked.append((path, form))
        if path.startswith("/introspect"):
            user = self._access.get(form.get("token", ""))
            return 200, {"active": bool(user), "username": user}
        if self.is_broken:
            return 503, {}
        if form.get("client_id") != CLIENT:
            return 401, {"error": "invalid_client", "error_description": "no such client"}
        if path == "/device":
            code = {"device_code": "dev-1", "user_code": "ABCD-EFGH", "verification_uri": "https://example.com/link"}
            return 200, code | {"expires_in": 900, "interval": 5}
        return self._token(form)

    def _token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.refusal:
            return 400, {"error": self.refusal, "error_description": f"{self.refusal} it is\r\nTrace: 1"}
        if form["grant_type"] == "refresh_token":
            user = self._users.pop(form["refresh_token"], None)
            return (200, self.tokens_for(user)) if user else (400, {"error": "invalid_grant"})
        if form["grant_type"] == "authorization_code":
            return (200, self.tokens_for(form["code"])) if form["code_verifier"] else (400, {"error": "invalid_grant"})
        if self.allowed is None:
            return 400, {"error": "authorization_pending"}
        return 200, self.tokens_for(self.allowed)


def _handler_of(provider: OAuthProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = {name: values[0] for name, values in parse_qs(text).items()}
            status, answer = provider.answer(urlsplit(self.path).path, form)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Be silent."""

    return Handler
