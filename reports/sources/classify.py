"""Guesses what a row is, from what the reporter saw alone: pure, and never more than a guess with its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reports.dto import DkimResult, OverrideReason, SpfResult
from reports.vocabulary import Confidence, SourceVerdict, Why

FORWARDING_WORDS = {
    "forwarded": Why.REPORTER_SAYS_FORWARDED,
    "trusted_forwarder": Why.REPORTER_SAYS_FORWARDED,
    "mailing_list": Why.REPORTER_SAYS_LIST,
}
REWRITTEN_PREFIXES = ("srs0=", "srs1=", "srs0+", "srs0-")
DNS_FAULTS = frozenset({"temperror", "permerror"})
BROKEN = frozenset({"fail", "policy", "neutral"})
SPF_REFUSALS = frozenset({"fail", "hardfail", "softfail"})


class Evidence(NamedTuple):
    """What is known of some messages; hashable, so that the same evidence is judged once.

    `domain` is the domain whose policy applied, `dkim` and `spf` the aligned verdicts ("pass", "fail", "").
    """

    domain: str
    header_from: str
    dkim: str
    spf: str
    envelope_from: str | None = None
    reasons: tuple[OverrideReason, ...] = ()
    dkim_results: tuple[DkimResult, ...] = ()
    spf_results: tuple[SpfResult, ...] = ()


class Classification(NamedTuple):
    """The guess, the signs that led to it (strongest first), and how sure it is."""

    verdict: SourceVerdict
    reasons: tuple[Why, ...]
    confidence: Confidence


def classify(evidence: Evidence) -> Classification:
    """Judge one row in the order of signs of RFC 9989 section 7: alignment, forwarding, other people's passes, nothing."""
    return (
        _aligned(evidence)
        or _forwarded_by_word(evidence)
        or _ours_but_broken(evidence)
        or _passes_for_another(evidence)
        or _nothing_passes(evidence)
    )


def has_raw_pass(evidence: Evidence) -> bool:
    """True where some mechanism passed, for whatever domain."""
    return "pass" in _results(evidence.dkim_results, evidence.spf_results)


def is_ours(name: str, evidence: Evidence) -> bool:
    """True where the name lies in the same tree as the From domain or the domain whose policy applied.

    No public-suffix list is asked: the policy's domain is the organisational one or lies below it, and nobody can
    publish keys or SPF for a public suffix above it.
    """
    trees = {evidence.domain, evidence.header_from} - {""}
    return any(
        name == tree or name.endswith("." + tree) or (tree.endswith("." + name) and "." in name) for tree in trees
    )


def _aligned(evidence: Evidence) -> Classification | None:
    dkim, spf = evidence.dkim == "pass", evidence.spf == "pass"
    if not (dkim or spf):
        return None
    if dkim and spf:
        return Classification(SourceVerdict.ALIGNED, (Why.BOTH_ALIGNED,), Confidence.HIGH)
    alone = Why.DKIM_ALIGNED_ALONE if dkim else Why.SPF_ALIGNED_ALONE
    return Classification(SourceVerdict.ALIGNED, (alone,), Confidence.HIGH)


def _forwarded_by_word(evidence: Evidence) -> Classification | None:
    """The receiver says so, which is the best sign there is; a bare "arc=fail" in the comment says nothing."""
    signs = [FORWARDING_WORDS[reason.type] for reason in evidence.reasons if reason.type in FORWARDING_WORDS]
    if any("arc=pass" in reason.comment.lower() for reason in evidence.reasons):
        signs.append(Why.ARC_PASSED)
    if not signs:
        return None
    return Classification(SourceVerdict.FORWARDER, tuple(dict.fromkeys(signs)), Confidence.HIGH)


def _ours_but_broken(evidence: Evidence) -> Classification | None:
    """Something of ours was there: a pass that strict alignment refused, or a signature that broke on the way."""
    ours = [each for each in evidence.dkim_results if each.domain and is_ours(each.domain, evidence)]
    envelope = [each for each in evidence.spf_results if each.domain and is_ours(each.domain, evidence)]
    if "pass" in _results(ours, envelope):
        return Classification(SourceVerdict.FIXABLE, (Why.STRICT_ALIGNMENT,), Confidence.HIGH)
    if not BROKEN.isdisjoint(_results(ours)):
        return _broken_on_the_way(evidence)
    if not DNS_FAULTS.isdisjoint(_results(ours, envelope)):
        return Classification(SourceVerdict.UNKNOWN, (Why.DNS_TROUBLE,), Confidence.LOW)
    return None


def _broken_on_the_way(evidence: Evidence) -> Classification:
    signs = [Why.OUR_SIGNATURE_BROKEN]
    if (evidence.envelope_from or "").lower().startswith(REWRITTEN_PREFIXES):
        signs.append(Why.REWRITTEN_ENVELOPE)
    if _dkim_for_another(evidence):
        signs.append(Why.DKIM_FOR_ANOTHER)
    if _spf_for_another(evidence):
        signs.append(Why.SPF_FOR_ANOTHER)
    # A forged signature looks the same as one that a relay broke: only a hop that vouches for itself speaks for the relay.
    confidence = Confidence.MEDIUM if len(signs) > 1 else Confidence.LOW
    return Classification(SourceVerdict.FORWARDER, tuple(signs), confidence)


def _passes_for_another(evidence: Evidence) -> Classification | None:
    """A sending service that is not set up for alignment, or a forger with a domain of their own: never a sure guess.

    Everybody passes SPF for a domain of their own, so SPF alone says nothing; signer and envelope of one tree are what
    services have, and what a careful forger has too.
    """
    dkim, spf = _dkim_for_another(evidence), _spf_for_another(evidence)
    if dkim:
        same = any(_same_tree(signer, envelope) for signer in dkim for envelope in spf)
        signs = (Why.DKIM_FOR_ANOTHER, *((Why.SPF_FOR_ANOTHER,) if spf else ()), *((Why.SAME_SERVICE,) if same else ()))
        return Classification(SourceVerdict.FIXABLE, signs, Confidence.MEDIUM if same else Confidence.LOW)
    if spf:
        return Classification(SourceVerdict.UNKNOWN, (Why.SPF_FOR_ANOTHER,), Confidence.LOW)
    return None


def _nothing_passes(evidence: Evidence) -> Classification:
    if not evidence.dkim_results and not evidence.spf_results:
        return Classification(SourceVerdict.UNKNOWN, (Why.NO_RESULTS,), Confidence.LOW)
    refused = any(each.result in SPF_REFUSALS and is_ours(each.domain, evidence) for each in evidence.spf_results)
    if refused:
        return Classification(SourceVerdict.SUSPICIOUS, (Why.SPF_REFUSES, Why.NOTHING_PASSED), Confidence.HIGH)
    return Classification(SourceVerdict.SUSPICIOUS, (Why.NOTHING_PASSED,), Confidence.MEDIUM)


def _results(*found: Sequence[DkimResult] | Sequence[SpfResult]) -> set[str]:
    return {each.result for results in found for each in results}


def _dkim_for_another(evidence: Evidence) -> list[str]:
    return [
        each.domain for each in evidence.dkim_results if each.result == "pass" and not is_ours(each.domain, evidence)
    ]


def _spf_for_another(evidence: Evidence) -> list[str]:
    return [
        each.domain for each in evidence.spf_results if each.result == "pass" and not is_ours(each.domain, evidence)
    ]


def _same_tree(one: str, other: str) -> bool:
    return one == other or one.endswith("." + other) or other.endswith("." + one)
