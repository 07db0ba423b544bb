"""Authentication-Results of failure reports in the ways that their senders write them."""

from __future__ import annotations

import time

import pytest

from reports.dto import FailureReport
from reports.ingest.extraction import extract
from reports.ingest.reading.failure import read_failure
from reports.ingest.reading.results import MOST_RESULTS, Claim, claimed, claims_in
from reports.vocabulary import RepairCode
from tests.reports.samples import FEEDBACK, failure_mail

LACKING = "".join(
    line
    for line in FEEDBACK.splitlines(keepends=True)
    if not line.startswith(("DKIM-", "Original-Mail-From", "Authentication-Results", " header.from"))
)


def _read(results: str, *, more: str = "") -> FailureReport:
    (payload,) = extract(failure_mail(feedback=f"{LACKING}{more}{results}")).payloads
    return read_failure(payload)


@pytest.mark.parametrize(
    "text", ["", "mx.example.com; none", "dmarc (a, Action: Reject)", "((((", '"' * 50, "\0;\0=\0"]
)
def test_what_is_no_result_gives_none(text: str) -> None:
    assert claims_in(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "mx.example.com; dkim=fail header.d=example.org header.s=s1",
        "mx.example.com 1; dkim=fail header.d=example.org header.s=s1",
        "dkim=fail header.d=example.org header.s=s1",
        "MX.EXAMPLE.COM; DKIM=Fail HEADER.D=example.org HEADER.S=s1",
        "mx.example.com; dkim=fail (a comment; with a semicolon (and one within)) header.d=example.org header.s=s1",
        "mx.example.com; what is this; dkim=fail header.d=example.org header.s=s1; =;",
    ],
)
def test_a_result_in_any_guise(text: str) -> None:
    (claim,) = claims_in(text)
    assert claim == Claim("dkim", "fail", "", (("header.d", "example.org"), ("header.s", "s1")))


def test_a_reason_may_hold_what_else_ends_a_result() -> None:
    (claim,) = claims_in('mx.example.com; dkim=fail reason="bad; signature" header.d=example.org')
    assert (claim.reason, claim.properties) == ("bad; signature", (("header.d", "example.org"),))


def test_several_fields_are_read_in_their_order() -> None:
    claims = claims_in("mx.example.com; spf=softfail smtp.mailfrom=<a@example.net>\ndmarc=fail header.from=example.com")
    assert [(claim.method, claim.result) for claim in claims] == [("spf", "softfail"), ("dmarc", "fail")]
    assert claimed(claims, "spf", "smtp.mailfrom") == "a@example.net"
    assert claimed(claims, "dkim", "header.d") == ""


def test_results_are_bounded() -> None:
    started = time.process_time()
    assert len(claims_in("x; " + "dkim=none;" * 700)) == MOST_RESULTS
    for text in ("(" * 4000 + ")" * 4000, "a=b;" * 2000, "dkim=pass " + "header.d=a " * 700):
        claims_in(f"{text}\n" * 500)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "results",
    [
        "Authentication-Results: mx.example.net; spf=fail\n smtp.mailfrom=bounce@example.org;\n dkim=fail header.d=example.org\n\theader.s=s9\n",
        "Authentication-Results: spf=fail smtp.mailfrom=bounce@example.org; dkim=fail header.d=example.org header.s=s9\n",
        "Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=bounce@example.org\n"
        "Authentication-Results: mx.example.net; dkim=fail header.d=example.org header.s=s9\n",
    ],
)
def test_fields_that_are_missing_are_taken_from_the_results_and_said_so(results: str) -> None:
    report = _read(results)
    assert (report.dkim_domain, report.dkim_selector, report.original_mail_from) == (
        "example.org", "s9", "bounce@example.org"
    )  # fmt: skip
    assert [(repair.code, repair.place) for repair in report.repairs] == [
        (RepairCode.TAKEN_FROM_RESULTS, name) for name in ("dkim-domain", "dkim-selector", "original-mail-from")
    ]


def test_what_the_fields_say_counts() -> None:
    report = _read(
        "Authentication-Results: x; spf=fail smtp.mailfrom=b@example.org; dkim=fail header.d=example.org header.s=s9\n",
        more="DKIM-Domain: example.net\nDKIM-Selector: s2\nOriginal-Mail-From: <>\n",
    )
    assert (report.dkim_domain, report.dkim_selector, report.original_mail_from) == ("example.net", "s2", "")
    assert report.repairs == ()
