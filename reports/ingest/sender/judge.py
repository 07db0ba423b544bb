"""Who sent a mail, and what proves it: a trusted server's word, else the mail's own signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reports.ingest.extraction.sniffing import Form, sniff
from reports.ingest.sender.letter import Letter, Unparsable
from reports.ingest.sender.results import passed, said_by
from reports.ingest.sender.signatures import Lookup, proof_of
from reports.vocabulary import SenderCheck, SenderReason


@dataclass(frozen=True, slots=True)
class Sender:
    """The answer: `domain` is that of the From field, `by` the server (authserv-id) or the signing domain (d=)."""

    check: SenderCheck
    reason: SenderReason
    domain: str = ""
    by: str = ""

    @property
    def may_change(self) -> bool:
        """Whether asking again later may tell more."""
        return self.reason.may_pass


def judge(data: bytes, *, trusted: Mapping[str, int], at: datetime, lookup: Lookup) -> Sender:
    """Judge a message or file as it came. `trusted` is as `results.trusted_from` gives it, empty where no server is.

    Raises nothing for content. A file that is no mail is "unknown": there is nothing that could prove who made it.
    """
    if sniff(data) != Form.MAIL:
        return Sender(SenderCheck.UNKNOWN, SenderReason.NOT_A_MAIL)
    try:
        letter = Letter.of(data)
    except Unparsable:
        return Sender(SenderCheck.UNVERIFIED, SenderReason.HEAD_DAMAGED)
    authors = letter.authors
    if len(letter.all_of("from")) > 1 or len(authors) > 1:
        return Sender(SenderCheck.UNVERIFIED, SenderReason.SEVERAL_AUTHORS)
    if not authors or not authors[0]:
        return Sender(SenderCheck.UNVERIFIED, SenderReason.NO_AUTHOR)
    (author,) = authors
    sender = _proven(letter, author=author, trusted=trusted, at=at, lookup=lookup)
    if sender.check == SenderCheck.VERIFIED and letter.passes_on(author=author):
        return Sender(SenderCheck.UNVERIFIED, SenderReason.PASSED_ON, author, sender.by)
    return sender


def _proven(letter: Letter, *, author: str, trusted: Mapping[str, int], at: datetime, lookup: Lookup) -> Sender:
    vouching = next((each for each in said_by(letter, trusted=trusted) if passed(each, author=author)), None)
    if vouching is not None:
        return Sender(SenderCheck.VERIFIED, SenderReason.SERVER_VOUCHES, author, str(vouching.authserv_id))
    proof = proof_of(letter, author=author, at=at, lookup=lookup)
    return Sender(_check_of(proof.reason), proof.reason, author, proof.domain)


def _check_of(reason: SenderReason) -> SenderCheck:
    if reason == SenderReason.SIGNATURE_HOLDS:
        return SenderCheck.VERIFIED
    unknown = reason.may_pass or reason == SenderReason.ALGORITHM_UNKNOWN
    return SenderCheck.UNKNOWN if unknown else SenderCheck.UNVERIFIED
