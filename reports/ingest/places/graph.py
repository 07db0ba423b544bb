"""A folder of Microsoft 365 through Microsoft Graph. Written by Microsoft's documents, not tried with a live tenant.

Epoch is the folder's id, key the message's immutable id. Never deletes anything.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from django.conf import settings
from django.utils import timezone

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest.places import web
from reports.ingest.places.api import Api
from reports.ingest.places.place import LISTED_TOGETHER, Fetched, Mark, Step
from reports.ingest.places.providers import MICROSOFT, PROVIDERS
from reports.ingest.places.sign_in import access_token, forget_access
from reports.models import Mailbox
from reports.vocabulary import MailboxFault, MailboxStep

PAGE = 500
MOST_PAGES = 2000
SIZE = "Integer 0x0E08"
"""PidTagMessageSize: Graph has no property of its own for the size of a message."""
WELL_KNOWN = frozenset({
    "archive", "clutter", "conversationhistory", "deleteditems", "drafts", "inbox", "junkemail", "msgfolderroot", "outbox",
    "sentitems",
})  # fmt: skip
"""Microsoft's names of folders that every mailbox has, whatever its language calls them."""
FLAGS: Mapping[Mark, Mapping[str, Any]] = {
    Mark.HANDLED: {"isRead": True},
    Mark.REFUSED: {"flag": {"flagStatus": "flagged"}},
}


def graph_way(mailbox: Mailbox) -> GraphWay:
    """The way to the folder that a mailbox names."""
    said = mailbox.settings
    token = partial(access_token, mailbox, clock=timezone.now)
    return GraphWay(said["username"], said["folder"], token, partial(forget_access, mailbox))


@dataclass(frozen=True, slots=True)
class GraphWay:
    """Token, folder, count; `reports.ingest.places.place.Way`."""

    username: str
    folder: str
    token: Callable[[], str]
    forget_token: Callable[[], None]
    step_names: ClassVar[tuple[MailboxStep, ...]] = (MailboxStep.LOGIN, MailboxStep.FOLDER, MailboxStep.COUNT)

    def steps(self, stack: ExitStack, *, is_read_only: bool) -> Generator[Step, None, GraphFolder]:
        """See `Way`. Reading changes nothing, so `is_read_only` makes no difference."""
        token = self.token()
        client = stack.enter_context(web.client())
        root = PROVIDERS[MICROSOFT].api_url
        base = f"{root}/users/{quote(self.username, safe='')}"
        api = Api(client, root, base, token, self.forget_token, {"Prefer": 'IdType="ImmutableId"'})
        yield Step(MailboxStep.LOGIN, self.username)
        found = _find(api, self.folder)
        if found is None:
            raise MailboxMisconfigured(MailboxFault.FOLDER_MISSING, (("folder", self.folder),))
        yield Step(MailboxStep.FOLDER, self.folder)
        yield Step(MailboxStep.COUNT, str(found.get("totalItemCount", "")))
        return GraphFolder(api, name=self.folder, folder_id=str(found["id"]))


class GraphFolder:
    """A folder that was found; `reports.ingest.places.place.Place`."""

    def __init__(self, api: Api, *, name: str, folder_id: str) -> None:
        self._api = api
        self._id = folder_id
        self.folder = name
        self.epoch = folder_id[-64:]
        self._sizes: dict[str, int] = {}

    def windows(self) -> Iterator[Sequence[str]]:
        """All ids are listed first: a page of Graph is counted from the start, and moving a mail shifts the next one."""
        self._sizes = {str(each["id"]): _size(each) for each in self._listed()}
        keys = list(self._sizes)
        for start in range(0, len(keys), LISTED_TOGETHER):
            yield keys[start : start + LISTED_TOGETHER]

    def _listed(self) -> Iterator[Mapping[str, Any]]:
        answer = self._api.get(
            f"/mailFolders/{_quoted(self._id)}/messages",
            **{
                "$select": "id", "$top": str(PAGE), "$orderby": "receivedDateTime asc",
                "$expand": f"singleValueExtendedProperties($filter=id eq '{SIZE}')",
            },
        )  # fmt: skip
        for _ in range(MOST_PAGES):
            if answer is None:
                return
            yield from answer.get("value", ())
            following = answer.get("@odata.nextLink")
            if not following:
                return
            answer = self._api.get(str(following))

    def sizes(self, keys: Sequence[str]) -> dict[str, int]:
        """As the listing told."""
        return {key: self._sizes[key] for key in keys if key in self._sizes}

    def fetch(self, keys: Sequence[str]) -> Fetched:
        """The MIME content as it came in; Graph leaves mails unread."""
        fetched = Fetched()
        for key in keys:
            try:
                data = self._api.get_bytes(f"/messages/{_quoted(key)}/$value", most=settings.UPLOAD_LIMIT_BYTES)
            except MailboxError as error:
                if error.code != MailboxFault.SERVER_REFUSED:
                    raise
                fetched.unreadable[key] = dict(error.params)["error"]
                continue
            if data is not None:
                fetched.mails[key] = data
        return fetched

    def demand(self, action: Mailbox.Action) -> None:
        """Graph can do all of them."""

    def acknowledge(self, keys: Sequence[str], mark: Mark, *, action: Mailbox.Action, target: str) -> None:
        """See `Place`. Handled mail is marked as read, refused mail flagged."""
        if action == Mailbox.Action.MOVE:
            destination = (_find(self._api, target) or _make(self._api, target))["id"]
            for key in keys:
                self._api.post(f"/messages/{_quoted(key)}/move", {"destinationId": destination})
        elif action == Mailbox.Action.FLAG:
            for key in keys:
                self._api.post(f"/messages/{_quoted(key)}", FLAGS[mark], method="PATCH")


def _find(api: Api, path: str) -> dict[str, Any] | None:
    """The folder by its path ("Inbox/DMARC"), names as Outlook shows them; the first one may be well-known."""
    names = [name for name in path.split("/") if name]
    if not names:
        return None
    known = names[0].lower().replace(" ", "")
    found = api.get(f"/mailFolders/{known}") if known in WELL_KNOWN else None
    found = found or _child(api, "/mailFolders", names[0])
    for name in names[1:]:
        if found is None:
            return None
        found = _child(api, f"/mailFolders/{_quoted(str(found['id']))}/childFolders", name)
    return found


def _child(api: Api, path: str, name: str) -> dict[str, Any] | None:
    text = name.replace("'", "''")
    answer = api.get(path, **{"$filter": f"displayName eq '{text}'", "$top": "1"}) or {}
    found: list[dict[str, Any]] = answer.get("value", [])
    return found[0] if found else None


def _make(api: Api, path: str) -> dict[str, Any]:
    parent, _, name = path.strip("/").rpartition("/")
    below = f"/{_quoted(str((_find(api, parent) or _make(api, parent))['id']))}/childFolders" if parent else ""
    made = api.post(f"/mailFolders{below}", {"displayName": name})
    if made is None:
        raise MailboxMisconfigured(MailboxFault.FOLDER_MISSING, (("folder", path),))
    return made


def _size(message: Mapping[str, Any]) -> int:
    properties = message.get("singleValueExtendedProperties") or [{}]
    text = str(properties[0].get("value", ""))
    return int(text) if text.isdecimal() else 0


def _quoted(text: str) -> str:
    return quote(text, safe="")
