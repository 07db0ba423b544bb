"""What one record says besides address and count: verdicts, reasons, identifiers, raw results, in normal words.

Equal skeletons are equal values, so that a caller can keep and share them. Holds no state between records.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from reports.dto import DkimResult, OverrideReason, SpfResult
from reports.ingest.reading.flat import Flat, FlatRecord, Note
from reports.ingest.reading.values import read_domain, read_word
from reports.vocabulary import Disposition, RepairCode

COMMENT_LENGTH = 500
WORD_LENGTH = 64
RESULTS = frozenset({"none", "pass", "fail", "softfail", "policy", "neutral", "temperror", "permerror"})
RESULT_SYNONYMS = {"hardfail": "fail"}  # RFC 5451's word
NOTHING = "NULL"  # AOL's word for a domain that there is none of
NO_PASS = RESULTS | {"hardfail", "unknown", "error", "invalid"}
REASON_TYPES = frozenset(
    {"forwarded", "sampled_out", "trusted_forwarder", "mailing_list", "local_policy", "policy_test_mode", "other"}
)


DISPOSITIONS = frozenset(Disposition)
_encode = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps makes one for each call


class Skeleton(NamedTuple):
    disposition: str
    dkim: str
    spf: str
    header_from: str
    envelope_from: str | None
    envelope_to: str | None
    reasons: tuple[OverrideReason, ...]
    dkim_results: tuple[DkimResult, ...]
    spf_results: tuple[SpfResult, ...]
    has_content: bool
    notes: tuple[Note, ...]
    canonical: bytes
    has_unknown: bool


def read_skeleton(flat: Flat) -> Skeleton:
    record = FlatRecord(flat)
    notes, once = record.notes, record.once
    fields = (
        _disposition(once.get("policy_evaluated/disposition"), notes),
        _verdict(once, "policy_evaluated/dkim", notes),
        _verdict(once, "policy_evaluated/spf", notes),
        _domain(once.get("identifiers/header_from") or "", "identifiers/header_from", notes),
        _optional_domain(once.get("identifiers/envelope_from"), "identifiers/envelope_from", notes),
        _optional_domain(once.get("identifiers/envelope_to"), "identifiers/envelope_to", notes),
        tuple(filter(None, (_reason(sent, notes) for sent in record.reasons))),
        tuple(filter(None, (_dkim(sent, notes) for sent in record.dkim))),
        tuple(filter(None, (_spf(sent, notes) for sent in record.spf))),
    )
    has_content = bool(once or fields[7] or fields[8])
    canonical = _encode(fields).encode()
    return Skeleton(*fields, has_content, tuple(notes), canonical, record.has_unknown)


def _disposition(text: str | None, notes: list[Note]) -> str:
    if text is None:
        notes.append((RepairCode.VERDICT_MISSING, "policy_evaluated/disposition", ""))
        return ""
    return _word(text, DISPOSITIONS, "policy_evaluated/disposition", notes)


def _verdict(once: dict[str, str], place: str, notes: list[Note]) -> str:
    text = once.get(place, "")
    word = text.lower()
    if word in ("pass", "fail"):
        if word != text:
            notes.append((RepairCode.WORD_REWRITTEN, place, text))
        return word
    if word in NO_PASS:
        notes.append((RepairCode.VERDICT_REWRITTEN, place, text))
        return "fail"
    notes.append((RepairCode.VERDICT_MISSING, place, text))
    return ""


def _word(text: str, known: frozenset[str], place: str, notes: list[Note]) -> str:
    word, rewritten = read_word(text[:WORD_LENGTH])
    if word not in known:
        notes.append((RepairCode.WORD_UNKNOWN, place, text))
    elif rewritten:
        notes.append((RepairCode.WORD_REWRITTEN, place, text))
    return word


def _result(text: str, place: str, notes: list[Note]) -> str:
    synonym = RESULT_SYNONYMS.get(text.lower())
    if synonym:
        notes.append((RepairCode.WORD_REWRITTEN, place, text))
        return synonym
    return _word(text, RESULTS, place, notes)


def _domain(text: str, place: str, notes: list[Note]) -> str:
    if text.upper() == NOTHING:
        notes.append((RepairCode.EMPTY_DROPPED, place, text))
        return ""
    domain, rewritten = read_domain(text)
    if not domain and "," in text:  # of several authors, the first
        domain, rewritten = read_domain(text.partition(",")[0])[0], True
    if text and not domain:
        notes.append((RepairCode.DOMAIN_INVALID, place, text))
        return text[:WORD_LENGTH].lower()
    if rewritten and domain != text.lower():  # upper case alone is no deviation: names are case-insensitive
        notes.append((RepairCode.DOMAIN_REWRITTEN, place, text))
    return domain


def _optional_domain(text: str | None, place: str, notes: list[Note]) -> str | None:
    return text if text is None else _domain("" if text == "<>" else text, place, notes)


def _text(text: str, place: str, notes: list[Note]) -> str:
    if len(text) > COMMENT_LENGTH:
        notes.append((RepairCode.TEXT_CUT, place, text))
    return text[:COMMENT_LENGTH]


def _reason(sent: dict[str, str], notes: list[Note]) -> OverrideReason | None:
    place = "policy_evaluated/reason"
    kind, comment, bare = sent.get("type", ""), sent.get("comment", ""), sent.get("text", "")
    if bare:
        notes.append((RepairCode.REASON_REWRITTEN, place, bare))
        if not kind and bare.lower() in REASON_TYPES:
            kind = bare
        comment = comment or ("" if kind == bare else bare)
    if not (kind or comment):
        notes.append((RepairCode.EMPTY_DROPPED, place, ""))
        return None
    word = _word(kind, REASON_TYPES, f"{place}/type", notes) if kind else ""
    return OverrideReason(word, _text(comment, f"{place}/comment", notes))


def _dkim(sent: dict[str, str], notes: list[Note]) -> DkimResult | None:
    place = "auth_results/dkim"
    if not any(sent.values()):
        notes.append((RepairCode.EMPTY_DROPPED, place, ""))
        return None
    return DkimResult(
        _domain(sent.get("domain", ""), f"{place}/domain", notes),
        _text(sent.get("selector", ""), f"{place}/selector", notes),
        _result(sent.get("result", ""), f"{place}/result", notes),
        _text(sent.get("human_result", ""), f"{place}/human_result", notes),
    )


def _spf(sent: dict[str, str], notes: list[Note]) -> SpfResult | None:
    place = "auth_results/spf"
    if not any(sent.values()):
        notes.append((RepairCode.EMPTY_DROPPED, place, ""))
        return None
    return SpfResult(
        _domain(sent.get("domain", ""), f"{place}/domain", notes),
        read_word(sent.get("scope", "")[:WORD_LENGTH])[0],
        _result(sent.get("result", ""), f"{place}/result", notes),
        _text(sent.get("human_result", ""), f"{place}/human_result", notes),
    )
