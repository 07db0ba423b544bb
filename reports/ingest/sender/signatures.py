"""What the DKIM signatures of a mail (RFC 6376, RFC 8301) prove about its author. Asks for keys, and nothing else."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import dkim  # type: ignore[import-untyped]  # dkimpy ships no types
from dkim.util import InvalidTagValueList, parse_tag_value  # type: ignore[import-untyped]

from reports.ingest.sender.alignment import are_aligned, to_name
from reports.ingest.sender.keys import LookupFailed
from reports.ingest.sender.letter import Letter
from reports.vocabulary import SenderReason

MOST_SIGNATURES = 5
SMALLEST_KEY = 1024
ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")
LATE_BY = 36_000
"""Seconds after which dkimpy refuses what has run out by now, though it had not when the mail came in."""
_WITHDRAWN = re.compile(rb"(?:\A|;)\s*p\s*=\s*(?:;|\Z)")  # RFC 6376 section 3.6.1
_silent = logging.getLogger(f"{__name__}.dkimpy")
_silent.disabled = True  # it warns of each broken signature, and strangers write those

Lookup = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of one signature."""

    reason: SenderReason
    domain: str = ""


def proof_of(letter: Letter, *, author: str, at: datetime, lookup: Lookup) -> Proof:
    """The first signature of the author's domain that holds, else why the first one of it does not.

    Signatures of other domains are not looked at: they prove nothing about the author, and would let a stranger have us
    ask any name server. `at` is when the mail came in; a signature must not have run out by then.
    """
    proofs: list[Proof] = []
    signatures = letter.all_of("dkim-signature")
    for index, text in enumerate(signatures):
        fields = _fields(text)
        domain = to_name(fields.get(b"d", b"").decode("ascii", "replace"))
        if not are_aligned(domain, author):
            continue
        proof = Proof(_refusal(fields, at=at) or _verified(letter, index, lookup=lookup), domain)
        if proof.reason == SenderReason.SIGNATURE_HOLDS:
            return proof
        proofs.append(proof)
        if len(proofs) == MOST_SIGNATURES:
            break
    if proofs:  # one that may be asked again comes before what is settled
        return next((proof for proof in proofs if proof.reason.may_pass), proofs[0])
    return Proof(SenderReason.OTHER_SIGNATURES if signatures else SenderReason.NO_SIGNATURE)


def _fields(text: str) -> dict[bytes, bytes]:
    try:
        return dict(parse_tag_value(text.encode("utf-8", "replace")))
    except InvalidTagValueList:
        return {}


def _refusal(fields: dict[bytes, bytes], *, at: datetime) -> SenderReason | None:
    """Why the signature does not count even if it holds."""
    if b"l" in fields:
        return SenderReason.SIGNATURE_OF_PART  # anything could be appended
    if fields.get(b"a", b"").lower() not in ALGORITHMS:
        return SenderReason.SIGNATURE_TOO_WEAK  # RFC 8301 section 3.1
    expires = fields.get(b"x", b"").decode("ascii", "replace")
    if expires and (not expires.isdecimal() or int(expires) < max(at.timestamp(), time.time() - LATE_BY)):
        return SenderReason.SIGNATURE_EXPIRED
    return None


def _verified(letter: Letter, index: int, *, lookup: Lookup) -> SenderReason:
    asked = _Asked(lookup)
    is_tls = bool(letter.all_of("tls-report-domain"))  # RFC 8460 section 3 allows keys for such reports alone
    try:
        verifier = dkim.DKIM(letter.data, logger=_silent, minkey=SMALLEST_KEY, tlsrpt=is_tls)
        if verifier.verify(index, dnsfunc=asked):
            return SenderReason.SIGNATURE_HOLDS
    except dkim.KeyFormatError:
        return SenderReason.SIGNATURE_TOO_WEAK
    except dkim.NaClNotFoundError:
        return SenderReason.ALGORITHM_UNKNOWN
    except Exception:  # noqa: BLE001 - dkimpy meets a stranger's bytes, and raises what its arithmetic raises
        return SenderReason.SIGNATURE_BROKEN
    if asked.has_failed:
        return SenderReason.DNS_SILENT
    return SenderReason.SIGNATURE_BROKEN if asked.has_key else SenderReason.KEY_MISSING


class _Asked:
    """The look-up as dkimpy calls it, which turns every trouble into None; this remembers which."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.has_failed = self.has_key = False

    def __call__(self, name: bytes, timeout: float = 0) -> bytes | None:
        try:
            found = self._lookup(name.decode("ascii", "replace"))
        except LookupFailed:
            self.has_failed = True
            return None
        self.has_key = bool(found) and not _WITHDRAWN.search(found or b"")
        return found
