"""What a row is guessed to be, and whose mail it speaks of."""

from __future__ import annotations

import pytest

from reports.dto import DkimResult, OverrideReason, SpfResult
from reports.sources.classify import Classification, Evidence, classify, has_raw_pass
from reports.sources.lens import LensRule
from reports.vocabulary import Confidence, Lens, SourceVerdict, Why

OURS = "example.com"


def evidence(
    *,
    dkim: str = "fail",
    spf: str = "fail",
    signatures: tuple[tuple[str, str], ...] = (),
    envelope: tuple[tuple[str, str], ...] = (),
    reasons: tuple[OverrideReason, ...] = (),
    envelope_from: str | None = None,
    header_from: str = OURS,
) -> Evidence:
    return Evidence(
        OURS,
        header_from,
        dkim,
        spf,
        envelope_from,
        reasons,
        tuple(DkimResult(domain, "s1", result) for domain, result in signatures),
        tuple(SpfResult(domain, "mfrom", result) for domain, result in envelope),
    )


CASES = {
    "nothing passes and our SPF record refuses the address": (
        evidence(envelope=((OURS, "fail"),)),
        Classification(SourceVerdict.SUSPICIOUS, (Why.SPF_REFUSES, Why.NOTHING_PASSED), Confidence.HIGH),
    ),
    "nothing passes": (
        evidence(envelope=(("mass.example", "none"),), signatures=(("mass.example", "fail"),)),
        Classification(SourceVerdict.SUSPICIOUS, (Why.NOTHING_PASSED,), Confidence.MEDIUM),
    ),
    "the reporter says nothing at all": (
        evidence(dkim="", spf=""),
        Classification(SourceVerdict.UNKNOWN, (Why.NO_RESULTS,), Confidence.LOW),
    ),
    "SPF for a domain of its own is no right to our name": (
        evidence(envelope=(("mass.example", "pass"),)),
        Classification(SourceVerdict.UNKNOWN, (Why.SPF_FOR_ANOTHER,), Confidence.LOW),
    ),
    "a service that signs as itself": (
        evidence(signatures=(("hrsuite.example", "pass"),), envelope=(("bounce.hrsuite.example", "pass"),)),
        Classification(
            SourceVerdict.FIXABLE, (Why.DKIM_FOR_ANOTHER, Why.SPF_FOR_ANOTHER, Why.SAME_SERVICE), Confidence.MEDIUM
        ),
    ),
    "a signature of another domain alone": (
        evidence(signatures=(("hrsuite.example", "pass"),), envelope=((OURS, "softfail"),)),
        Classification(SourceVerdict.FIXABLE, (Why.DKIM_FOR_ANOTHER,), Confidence.LOW),
    ),
    "our own pass that strict alignment refuses": (
        evidence(signatures=(("mail.example.com", "pass"),)),
        Classification(SourceVerdict.FIXABLE, (Why.STRICT_ALIGNMENT,), Confidence.HIGH),
    ),
    "a list breaks our signature and adds its own": (
        evidence(
            signatures=((OURS, "fail"), ("community.example", "pass")), envelope=(("lists.community.example", "pass"),)
        ),
        Classification(
            SourceVerdict.FORWARDER,
            (Why.OUR_SIGNATURE_BROKEN, Why.DKIM_FOR_ANOTHER, Why.SPF_FOR_ANOTHER),
            Confidence.MEDIUM,
        ),
    ),
    "our signature broken and nothing else": (
        evidence(signatures=((OURS, "fail"),), envelope=((OURS, "fail"),)),
        Classification(SourceVerdict.FORWARDER, (Why.OUR_SIGNATURE_BROKEN,), Confidence.LOW),
    ),
    "a sender rewritten by a relay": (
        evidence(signatures=((OURS, "fail"),), envelope_from="SRS0=ab=cd=example.com=hr@relay.example"),
        Classification(SourceVerdict.FORWARDER, (Why.OUR_SIGNATURE_BROKEN, Why.REWRITTEN_ENVELOPE), Confidence.MEDIUM),
    ),
    "DNS trouble is no abuse": (
        evidence(signatures=((OURS, "temperror"),), envelope=((OURS, "temperror"),)),
        Classification(SourceVerdict.UNKNOWN, (Why.DNS_TROUBLE,), Confidence.LOW),
    ),
    "the receiver knows the forwarder": (
        evidence(
            envelope=((OURS, "fail"),), reasons=(OverrideReason("trusted_forwarder"), OverrideReason("mailing_list"))
        ),
        Classification(SourceVerdict.FORWARDER, (Why.REPORTER_SAYS_FORWARDED, Why.REPORTER_SAYS_LIST), Confidence.HIGH),
    ),
    "a trusted chain vouches": (
        evidence(reasons=(OverrideReason("local_policy", "arc=pass as[1].d=forward.example"),)),
        Classification(SourceVerdict.FORWARDER, (Why.ARC_PASSED,), Confidence.HIGH),
    ),
    "both pass": (
        evidence(dkim="pass", spf="pass"),
        Classification(SourceVerdict.ALIGNED, (Why.BOTH_ALIGNED,), Confidence.HIGH),
    ),
    "DKIM alone passes, as in forwarded mail": (
        evidence(dkim="pass", envelope=(("forward.example", "pass"),)),
        Classification(SourceVerdict.ALIGNED, (Why.DKIM_ALIGNED_ALONE,), Confidence.HIGH),
    ),
    "SPF alone passes": (
        evidence(spf="pass", dkim=""),
        Classification(SourceVerdict.ALIGNED, (Why.SPF_ALIGNED_ALONE,), Confidence.HIGH),
    ),
}


@pytest.mark.parametrize(("seen", "expected"), CASES.values(), ids=CASES)
def test_a_row_is_judged_by_what_did_pass(seen: Evidence, expected: Classification) -> None:
    assert classify(seen) == expected


@pytest.mark.parametrize("comment", ["arc=fail", "arc=none", "parc", ""])
def test_a_chain_that_did_not_pass_is_no_sign_of_forwarding(comment: str) -> None:
    seen = evidence(envelope=((OURS, "fail"),), reasons=(OverrideReason("local_policy", comment),))
    assert classify(seen).verdict == SourceVerdict.SUSPICIOUS


@pytest.mark.parametrize("neighbour", ["notexample.com", "example.com.attacker.example", "com"])
def test_a_name_that_only_looks_like_ours_is_not_ours(neighbour: str) -> None:
    assert classify(evidence(signatures=((neighbour, "pass"),))).reasons == (Why.DKIM_FOR_ANOTHER,)


def test_a_raw_pass_counts_for_whatever_domain() -> None:
    assert not has_raw_pass(evidence(signatures=((OURS, "fail"),), envelope=((OURS, "none"),)))
    assert has_raw_pass(evidence(envelope=(("mass.example", "pass"),)))


RULE = LensRule.of(
    own_reporters=["MX.example.com", "Our Gateway"], mailbox_reporters=["mailhub.example"], own_domains=["example.com"]
)


@pytest.mark.parametrize(
    ("org_name", "email", "envelope_to", "lens"),
    [
        ("Somebody", "x@somebody.example", None, Lens.ELSEWHERE),
        ("Somebody", "x@somebody.example", "clinic.example", Lens.ELSEWHERE),
        ("Somebody", "x@somebody.example", "notexample.com", Lens.ELSEWHERE),
        ("Somebody", "x@somebody.example", "example.com", Lens.HERE),
        ("Somebody", "x@somebody.example", "staff.example.com", Lens.HERE),
        ("our gateway", "", None, Lens.HERE),
        ("Gateway", "noreply@mx.Example.com", None, Lens.HERE),
        ("Mailhub", "noreply@mailhub.example", None, Lens.UNKNOWN),
        ("Mailhub", "noreply@mailhub.example", "", Lens.UNKNOWN),
        ("Mailhub", "noreply@mailhub.example", "clinic.example", Lens.ELSEWHERE),
        ("Mailhub", "noreply@mailhub.example", "example.com", Lens.HERE),
        ("", "", None, Lens.ELSEWHERE),
    ],
)
def test_the_lens_follows_from_reporter_and_recipient(
    org_name: str, email: str, envelope_to: str | None, lens: Lens
) -> None:
    assert RULE.for_reporter(org_name=org_name, email=email).of_row(envelope_to) is lens
