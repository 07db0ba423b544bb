"""What each `reports.vocabulary.Stage` is called, what it counts, and what helps when something waits there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.vocabulary import Stage


class StageWords(NamedTuple):
    """`passed` and `waiting` are the units of both numbers, `advice` what to do when something waits too long."""

    name: str | Promise
    passed: str | Promise
    waiting: str | Promise
    advice: str | Promise


_WORDS: Mapping[str, StageWords] = {
    Stage.FETCH: StageWords(
        _("Fetched"),
        _("mails from mailboxes"),
        _("mailboxes are due"),
        _("Is the worker running, and beat? The mailboxes below say whether one of them fails."),
    ),
    Stage.READ: StageWords(
        _("Unpacked and read"),
        _("mails and files"),
        _("wait to be read"),
        _("The worker reads what was left within five minutes. If nothing moves, look whether it runs."),
    ),
    Stage.STORE: StageWords(
        _("Stored and summed up"),
        _("rows and failure reports"),
        _("wait to be stored"),
        "",
    ),
    Stage.ACKNOWLEDGE: StageWords(
        _("Acknowledged"),
        _("mails in their mailbox"),
        _("read, but not yet flagged or moved"),
        _("The next visit to the mailbox does it; nothing is read twice meanwhile."),
    ),
    Stage.FILTER: StageWords(
        _("Obeyed by filters"),
        _("nodes in contact"),
        _("nodes silent"),
        _("A silent node keeps the last policy until that one's end; look whether its agent runs."),
    ),
}


def stage_words(stage: str) -> StageWords:
    return _WORDS[stage]
