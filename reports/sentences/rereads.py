"""What a re-read found, as sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from reports.models import Job
from reports.reread.difference import COUNTS
from reports.sentences.jobs import state_sentence


def count_words(name: str) -> str:
    """What a number of the difference counts."""
    return {
        "reports": pgettext("difference", "Reports"),
        "rows": pgettext("difference", "Records"),
        "messages": pgettext("difference", "Messages in them"),
        "rejected": pgettext("difference", "Rejected records"),
        "repairs": pgettext("difference", "Repairs"),
    }.get(name, name)


def counts(job: Job) -> list[tuple[str, int, int]]:
    """The numbers of a difference: what they count, before, after; nothing before the first part is done."""
    before, after = job.result.get("before"), job.result.get("after", {})
    return [(count_words(name), before[name], after[name]) for name in COUNTS] if before else []


def left_out_sentence(code: str, times: int) -> str:
    """Why messages were not read again."""
    return {
        "bytes_gone": ngettext(
            "%(times)s message was left as it is: its bytes are no longer kept.",
            "%(times)s messages were left as they are: their bytes are no longer kept.",
            times,
        ),
        "key_gone": ngettext(
            "%(times)s message was left as it is: the key that sealed it is gone.",
            "%(times)s messages were left as they are: the key that sealed them is gone.",
            times,
        ),
        "reader_failed": ngettext(
            "%(times)s message was left as it is: the reader failed on it.",
            "%(times)s messages were left as they are: the reader failed on them.",
            times,
        ),
        "kills_reader": ngettext(
            "%(times)s message was left as it is: it ended the process that read it, several times.",
            "%(times)s messages were left as they are: they ended the process that read them, several times.",
            times,
        ),
    }.get(code, code) % {"times": times}


def summary(job: Job) -> list[str]:
    """The end of a re-read in lines for a terminal."""
    result: Mapping[str, Any] = job.result
    lines = [state_sentence(job)]
    lines.append(
        _("Read again: %(read)s of %(total)s. Changed: %(changed)s.")
        % {"read": result.get("read", 0), "total": job.total, "changed": result.get("changed", 0)}
    )
    lines += [f"{words}: {before} -> {after}" for words, before, after in counts(job)]
    lines += [left_out_sentence(code, times) for code, times in result.get("left_out", {}).items()]
    return lines
