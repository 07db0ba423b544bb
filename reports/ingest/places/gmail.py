"""A label of a Gmail account through the Gmail API. Written by Google's documents, not tried with a live account.

Epoch is the account, key the message's id, which never changes. A label is no folder: moving is taking one label off and
putting another on. Never deletes anything.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone

from reports.errors import MailboxError, MailboxMisconfigured
from reports.ingest.places import web
from reports.ingest.places.api import Api
from reports.ingest.places.place import LISTED_TOGETHER, Fetched, Mark, Step
from reports.ingest.places.providers import GOOGLE, PROVIDERS
from reports.ingest.places.sign_in import access_token, forget_access
from reports.models import Mailbox
from reports.vocabulary import MailboxFault, MailboxStep

PAGE = 500
MOST_PAGES = 2000
CHANGED_TOGETHER = 1000
"""What one batchModify takes."""
FLAGS: Mapping[Mark, Mapping[str, list[str]]] = {
    Mark.HANDLED: {"removeLabelIds": ["UNREAD"]},
    Mark.REFUSED: {"addLabelIds": ["STARRED"]},
}


def gmail_way(mailbox: Mailbox) -> GmailWay:
    """The way to the label that a mailbox names."""
    token = partial(access_token, mailbox, clock=timezone.now)
    return GmailWay(mailbox.settings["folder"], token, partial(forget_access, mailbox))


@dataclass(frozen=True, slots=True)
class GmailWay:
    """Token and account, label, count; `reports.ingest.places.place.Way`."""

    folder: str
    token: Callable[[], str]
    forget_token: Callable[[], None]
    step_names: ClassVar[tuple[MailboxStep, ...]] = (MailboxStep.LOGIN, MailboxStep.FOLDER, MailboxStep.COUNT)

    def steps(self, stack: ExitStack, *, is_read_only: bool) -> Generator[Step, None, GmailLabel]:
        """See `Way`. Reading changes nothing, so `is_read_only` makes no difference."""
        token = self.token()
        client = stack.enter_context(web.client())
        root = PROVIDERS[GOOGLE].api_url
        api = Api(client, root, f"{root}/users/me", token, self.forget_token, {})
        account = str((api.get("/profile") or {}).get("emailAddress", ""))
        yield Step(MailboxStep.LOGIN, account)
        label = _find(api, self.folder)
        if label is None:
            raise MailboxMisconfigured(MailboxFault.FOLDER_MISSING, (("folder", self.folder),))
        yield Step(MailboxStep.FOLDER, self.folder)
        told = api.get(f"/labels/{label}") or {}
        yield Step(MailboxStep.COUNT, str(told.get("messagesTotal", "")))
        return GmailLabel(api, name=self.folder, label=label, account=account)


class GmailLabel:
    """A label that was found; `reports.ingest.places.place.Place`."""

    def __init__(self, api: Api, *, name: str, label: str, account: str) -> None:
        self._api = api
        self._label = label
        self.folder = name
        self.epoch = account[:64]

    def windows(self) -> Iterator[Sequence[str]]:
        """All ids, the oldest first: Gmail lists the newest first, and what loses its label shifts its pages."""
        keys = list(self._listed())[::-1]
        for start in range(0, len(keys), LISTED_TOGETHER):
            yield keys[start : start + LISTED_TOGETHER]

    def _listed(self) -> Iterator[str]:
        page: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            answer = self._api.get("/messages", labelIds=self._label, maxResults=str(PAGE), **page) or {}
            yield from (str(each["id"]) for each in answer.get("messages", ()))
            if not answer.get("nextPageToken"):
                return
            page = {"pageToken": str(answer["nextPageToken"])}

    def sizes(self, keys: Sequence[str]) -> dict[str, int]:
        """sizeEstimate, one request for each."""
        told = {key: self._api.get(f"/messages/{key}", format="minimal", fields="id,sizeEstimate") for key in keys}
        return {key: int(each.get("sizeEstimate", 0)) for key, each in told.items() if each is not None}

    def fetch(self, keys: Sequence[str]) -> Fetched:
        """The raw message; fetching leaves it unread."""
        fetched = Fetched()
        most = settings.UPLOAD_LIMIT_BYTES * 3 // 2  # base64 in JSON
        for key in keys:
            try:
                answer = self._api.get_large(f"/messages/{key}", most=most, format="raw")
                if answer is not None:
                    fetched.mails[key] = urlsafe_b64decode(str(answer["raw"]) + "==")
            except (KeyError, Base64Error, ValueError) as error:
                fetched.unreadable[key] = str(error)
            except MailboxError as error:
                if error.code != MailboxFault.SERVER_REFUSED:
                    raise
                fetched.unreadable[key] = dict(error.params)["error"]
        return fetched

    def demand(self, action: Mailbox.Action) -> None:
        """Gmail can do all of them."""

    def acknowledge(self, keys: Sequence[str], mark: Mark, *, action: Mailbox.Action, target: str) -> None:
        """See `Place`. Handled mail is marked as read, refused mail gets a star."""
        change: Mapping[str, Any] | None = None
        if action == Mailbox.Action.MOVE:
            label = _find(self._api, target) or _make(self._api, target)
            change = {"addLabelIds": [label], "removeLabelIds": [self._label]}
        elif action == Mailbox.Action.FLAG:
            change = FLAGS[mark]
        for start in range(0, len(keys) if change else 0, CHANGED_TOGETHER):
            ids = list(keys[start : start + CHANGED_TOGETHER])
            self._api.post("/messages/batchModify", {"ids": ids, **(change or {})})


def _find(api: Api, name: str) -> str | None:
    """The id of a label by the name that Gmail shows; those of the system have their names as ids."""
    labels = (api.get("/labels") or {}).get("labels", ())
    return next((str(each["id"]) for each in labels if str(each.get("name", "")).lower() == name.lower()), None)


def _make(api: Api, name: str) -> str:
    made = api.post("/labels", {"name": name, "labelListVisibility": "labelShow", "messageListVisibility": "show"})
    if not made:
        raise MailboxMisconfigured(MailboxFault.FOLDER_MISSING, (("folder", name),))
    return str(made["id"])
