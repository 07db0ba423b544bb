"""Microsoft Graph and the Gmail API as their vendors' documents describe them, on 127.0.0.1. Neither has met the real one.

Graph: learn.microsoft.com, "List messages", "Get MIME content of a message", "message: move", "mailFolder" and "Throttling".
Gmail: developers.google.com, Gmail API reference "users.messages", "users.labels", "users.getProfile".
"""

from __future__ import annotations

import json
import re
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = 3
"""Both may give fewer items in a page than are asked for."""


@dataclass
class Mail:
    content: bytes
    place: str
    """Folder id (Graph), or unused."""
    labels: set[str] = field(default_factory=set)


@dataclass
class Account:
    """What one token opens. `places` is name by id; ids never change. `answers` are given once before anything else.

    `parents` are the folders (Graph) above folders that are not at the top, `well_known` ids by Microsoft's own names.
    """

    user: str
    mails: dict[str, Mail] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    well_known: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    number: int = 0

    def new_id(self) -> str:
        self.number += 1
        return f"id+{self.number:04}="


Answer = tuple[int, Any]


class VendorApis:
    """Both services at `url`; `accounts` by token."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @contextmanager
    def running(self) -> Iterator[VendorApis]:
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.server.shutdown()
            self.server.server_close()
            thread.join()

    def answer(self, account: Account, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        if path.startswith("/graph/users/"):
            return _graph(self, account, method, path.partition(account.user)[2], query, body)
        return _gmail(account, method, path.removeprefix("/gmail/users/me"), query, body)


def _graph(apis: VendorApis, account: Account, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
    if found := re.fullmatch(r"/mailFolders(?:/([^/]+)/childFolders)?", path):
        return _graph_folders(account, method, found[1] or "", query, body)
    if found := re.fullmatch(r"/mailFolders/([^/]+)/messages", path):
        if not 1 <= int(query.get("$top", 10)) <= 1000:
            return 400, {"error": {"code": "ErrorInvalidParameter"}}
        start = int(query.get("$skip", 0))
        keys = [key for key, mail in account.mails.items() if mail.place == found[1]]
        value = [
            {
                "id": key,
                "singleValueExtendedProperties": [
                    {"id": "Integer 0xe08", "value": str(len(account.mails[key].content))}
                ],
            }
            for key in keys[start : start + PAGE]
        ]
        more = {"@odata.nextLink": f"{apis.url}/graph/users/{account.user}{path}?$skip={start + PAGE}"}
        return 200, {"value": value} | (more if start + PAGE < len(keys) else {})
    if found := re.fullmatch(r"/mailFolders/([^/]+)", path):
        key = account.well_known.get(found[1], found[1])
        return (
            (200, _folder(account, key)) if key in account.places else (404, {"error": {"code": "ErrorItemNotFound"}})
        )
    found = re.fullmatch(r"/messages/([^/]+)(/\$value|/move|)", path)
    mail = account.mails.get(found[1]) if found else None
    if found is None or mail is None:
        return 404, {"error": {"code": "ErrorItemNotFound"}}
    if found[2] == "/$value":
        return 200, mail.content
    if found[2] == "/move":
        mail.place = body["destinationId"]
        return 201, {"id": found[1]}
    mail.labels |= {"read"} if body.get("isRead") else set()
    mail.labels |= {body["flag"]["flagStatus"]} if "flag" in body else set()
    return 200, {"id": found[1]}


def _graph_folders(account: Account, method: str, parent: str, query: dict[str, str], body: Any) -> Answer:
    """The folders below one, "" at the top: made, or looked for by name."""
    if method == "POST":
        folder = account.new_id()
        account.places[folder] = body["displayName"]
        account.parents[folder] = parent
        return 201, {"id": folder, "displayName": body["displayName"]}
    wanted = re.fullmatch(r"displayName eq '(.*)'", query["$filter"])
    name = wanted[1].replace("''", "'") if wanted else ""
    here = [key for key in account.places if account.parents.get(key, "") == parent and account.places[key] == name]
    return 200, {"value": [_folder(account, key) for key in here]}


def _folder(account: Account, key: str) -> dict[str, Any]:
    return {
        "id": key,
        "displayName": account.places[key],
        "totalItemCount": sum(mail.place == key for mail in account.mails.values()),
    }


def _gmail(account: Account, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
    if path == "/profile":
        return 200, {"emailAddress": account.user}
    if path == "/labels" and method == "POST":
        label = f"Label_{len(account.places)}"
        account.places[label] = body["name"]
        return 200, {"id": label, "name": body["name"]}
    if path == "/labels":
        return 200, {"labels": [{"id": key, "name": name} for key, name in account.places.items()]}
    if path.startswith("/labels/"):
        label = path.removeprefix("/labels/")
        return 200, {"id": label, "messagesTotal": sum(label in mail.labels for mail in account.mails.values())}
    return _gmail_messages(account, path, query, body)


def _gmail_messages(account: Account, path: str, query: dict[str, str], body: Any) -> Answer:
    if path == "/messages":
        start = int(query.get("pageToken", 0))
        keys = [key for key, mail in account.mails.items() if query["labelIds"] in mail.labels][::-1]
        more = {"nextPageToken": str(start + PAGE)} if start + PAGE < len(keys) else {}
        return 200, (
            {"messages": [{"id": key, "threadId": key} for key in keys[start : start + PAGE]]} if keys else {}
        ) | more
    if path == "/messages/batchModify":
        for key in body["ids"]:
            if key in account.mails:
                account.mails[key].labels |= set(body.get("addLabelIds", ()))
                account.mails[key].labels -= set(body.get("removeLabelIds", ()))
        return 204, b""
    key = path.removeprefix("/messages/")
    mail = account.mails.get(key)
    if mail is None:
        return 404, {"error": {"code": 404, "message": "Requested entity was not found."}}
    if query["format"] == "raw":
        return 200, {"id": key, "raw": urlsafe_b64encode(mail.content).decode()}
    return 200, {"id": key, "sizeEstimate": len(mail.content)}


def _handler_of(apis: VendorApis) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            account = apis.accounts.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers: dict[str, str] = {}
            if account is None:
                status, answer = 401, {"error": {"code": "InvalidAuthenticationToken"}}
            elif account.answers:
                (status, headers), answer = account.answers.pop(0), {}
            else:
                body = json.loads(text) if text else None
                status, answer = apis.answer(account, self.command, unquote(parts.path), query, body)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = _answer

        def log_message(self, *args: object) -> None:
            """Be silent."""

    return Handler
