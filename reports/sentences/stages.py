"""What each `reports.vocabulary.Stage` is called, what it counts, and what helps when something waits there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from reports.vocabulary import Stage


class StageWords(NamedTuple):
    """`passed` and `waiting` are the units of both numbers, `advice` what to do when something waits too long."""

    name: str | Promise
    passed: str
    waiting: str
    advice: str | Promise


_NAMES: Mapping[str, str | Promise] = {
    Stage.FETCH: _("Fetched"),
    Stage.READ: _("Unpacked and read"),
    Stage.STORE: _("Stored and summed up"),
    Stage.ACKNOWLEDGE: _("Acknowledged"),
    Stage.FILTER: _("Obeyed by filters"),
}
_PASSED: Mapping[str, Callable[[int], str]] = {
    Stage.FETCH: lambda count: ngettext("mail from mailboxes", "mails from mailboxes", count),
    Stage.READ: lambda count: ngettext("mail or file", "mails and files", count),
    Stage.STORE: lambda count: ngettext("row or failure report", "rows and failure reports", count),
    Stage.ACKNOWLEDGE: lambda count: ngettext("mail in its mailbox", "mails in their mailbox", count),
    Stage.FILTER: lambda count: ngettext("node in contact", "nodes in contact", count),
}
_WAITING: Mapping[str, Callable[[int], str]] = {
    Stage.FETCH: lambda count: ngettext("mailbox is due", "mailboxes are due", count),
    Stage.READ: lambda count: ngettext("waits to be read", "wait to be read", count),
    Stage.STORE: lambda count: ngettext("waits to be stored", "wait to be stored", count),
    Stage.ACKNOWLEDGE: lambda count: ngettext(
        "read, but not yet flagged or moved", "read, but not yet flagged or moved", count
    ),
    Stage.FILTER: lambda count: ngettext("node silent", "nodes silent", count),
}
_ADVICE: Mapping[str, str | Promise] = {
    Stage.FETCH: _("Is the worker running, and beat? The mailboxes below say whether one of them fails."),
    Stage.READ: _("The worker reads what was left within five minutes. If nothing moves, look whether it runs."),
    Stage.ACKNOWLEDGE: _("The next visit to the mailbox does it; nothing is read twice meanwhile."),
    Stage.FILTER: _("A silent node keeps the last policy until that one's end; look whether its agent runs."),
}


def stage_words(stage: str, *, passed: int, waiting: int) -> StageWords:
    """What a stage is called, and the words for so much that has passed it and that waits there."""
    return StageWords(_NAMES[stage], _PASSED[stage](passed), _WAITING[stage](waiting), _ADVICE.get(stage, ""))
