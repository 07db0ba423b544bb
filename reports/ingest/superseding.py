"""Which of several reports with one identity and different content count. Pure: a table of facts in, a decision out.

RFC 9990 section 3.5.4 leaves duplicates to the consumer. Reporters do reuse ids, so reports stand beside each other
unless one is known to replace the other; and anybody can send a mail, so only who is known can replace.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Contender:
    """One of the reports that claim the same reporter, id and period.

    `arrived` is when its content first came in, by whatever mail. `filename` is what the first mail that names its file
    called it, or "", whichever mail was read first. `sender_domain` is the very domain that was proven to have sent
    it, or "" (with a provider of mailboxes strangers have addresses above or below that of its reports), and `fits` whether it
    is aligned with the reporter's. `is_truncated`: it breaks off. `by_person`: a member of the organisation handed it in.
    """

    pk: int
    arrived: datetime
    rows_hash: bytes
    filename: str = ""
    sender_domain: str = ""
    fits: bool = False
    is_truncated: bool = False
    by_person: bool = False

    @property
    def order(self) -> tuple[datetime, bytes]:
        """By first arrival; the content decides between equals, so that no worker's pace does."""
        return self.arrived, self.rows_hash


def decide(contenders: Iterable[Contender], *, contained: Collection[tuple[int, int]] = ()) -> Mapping[int, int | None]:
    """For each report, the one that supersedes it, or None where it counts. At least one counts; order plays no part.

    `contained` holds (truncated, whole) pairs of which every row of the first stands in the second.
    """
    ordered = sorted(contenders, key=lambda each: each.order)
    larger = {whole for _, whole in contained}
    able = [each for each in ordered if each.sender_domain or each.pk in larger]  # anybody can send thousands of others
    next_of: dict[int, int] = {}
    for each in ordered:
        if above := [other.pk for other in able if _supersedes(other, each, contained)]:
            next_of[each.pk] = above[-1]
    return {each.pk: _end_of(each.pk, next_of) for each in ordered}


def _end_of(pk: int, next_of: Mapping[int, int]) -> int | None:
    """The one that counts in the end. The way there has one: it leads from broken to whole, and from old to new."""
    end = pk
    while end in next_of:
        end = next_of[end]
    return None if end == pk else end


def _supersedes(new: Contender, old: Contender, contained: Collection[tuple[int, int]]) -> bool:
    if old.is_truncated and not new.is_truncated and (old.pk, new.pk) in contained:
        return _is_as_good(new, old)
    if new.is_truncated and not old.is_truncated:
        return False
    return new.order > old.order and _is_same_file(new, old) and _may_replace(new, old)


def _is_as_good(new: Contender, old: Contender) -> bool:
    """Nothing of the truncated report is lost with it; yet its proven sender gives way to another or to a member only."""
    return new.by_person or not old.sender_domain or new.sender_domain == old.sender_domain or new.fits


def _is_same_file(new: Contender, old: Contender) -> bool:
    """A report that is sent again must keep its file name (RFC 9990 section 3.5.2); the e-mail is in the identity."""
    return bool(new.filename) and new.filename == old.filename


def _may_replace(new: Contender, old: Contender) -> bool:
    """Known by the same sender, or the newer one by its reporter where the older one is not."""
    if new.sender_domain and new.sender_domain == old.sender_domain:
        return True
    return bool(new.sender_domain) and new.fits and not old.fits
