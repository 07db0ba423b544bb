"""Owns the generated samples: Hypothesis strategies for heads, rows and containers, mostly proper and here and there not."""

from __future__ import annotations

import base64
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from tests.mutations.seeds import PACKS
from tests.reports.samples import BEGIN, END, multipart, part

DAY_SECONDS = 86_400

_LETTERS = "abcXYZ 0123-._@<>&'\"äßé漢字\u202e!$="
_WORDS = st.text(_LETTERS, min_size=1, max_size=20).filter(lambda text: text.strip() != "")
_DOMAINS = st.sampled_from(
    ("example.com", "Example.COM", "mail.example.net", "bounce.example.org.", "a_b.example.org", "xn--bcher-kva.example",
     "bücher.example", "user@example.com", "", "NULL", "*.example.com")
)  # fmt: skip
_ADDRESSES = st.one_of(
    st.integers(1, 254).map("192.0.2.{}".format),
    st.integers(1, 65_535).map("2001:db8::{:x}".format),
    st.sampled_from(("203.0.113.07", "[192.0.2.1]", "::ffff:192.0.2.3", "2001:DB8:0::1", "", "unknown", "192.0.2.1 ")),
)
_COUNTS = st.one_of(
    st.integers(0, 10**7).map(str), st.sampled_from(("1.0", "1,000", "-1", "", "many", " 5 ", "+7", "1_0", str(10**17)))
)
_VERDICTS = st.sampled_from(("pass", "pass", "fail", "fail", "Pass", "FAIL", "", "hardfail", "none", " pass "))
_RESULTS = st.sampled_from(
    ("pass", "fail", "none", "neutral", "softfail", "permerror", "temperror", "Pass", "hardfail", "", "error")
)
_DISPOSITIONS = st.sampled_from(("none", "none", "quarantine", "reject", "pass", "None", "", "delivered"))
_REASONS = st.sampled_from(
    ("forwarded", "local_policy", "mailing_list", "other", "sampled_out", "policy_test_mode", "Other", "")
)
_POLICIES = st.sampled_from(("none", "quarantine", "reject", "Reject", ""))


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else f"<{name}/>"


@st.composite
def _some(draw: st.DrawFn, name: str, values: st.SearchStrategy[str], likely: int = 9) -> str:
    """The element, nearly always; so it is for nearly everything that a report may hold."""
    return _element(name, draw(values)) if draw(st.integers(0, 9)) < likely else ""


@st.composite
def _reason(draw: st.DrawFn) -> str:
    return f"<reason>{draw(_some('type', _REASONS))}{draw(_some('comment', _WORDS, 5))}</reason>"


@st.composite
def _result(draw: st.DrawFn, kind: str) -> str:
    second = (
        _some("selector", _WORDS, 8)
        if kind == "dkim"
        else _some("scope", st.sampled_from(("mfrom", "helo", "MFROM")), 6)
    )
    inner = (
        draw(_some("domain", _DOMAINS))
        + draw(second)
        + draw(_some("result", _RESULTS))
        + draw(_some("human_result", _WORDS, 2))
    )
    return f"<{kind}>{inner}</{kind}>"


@st.composite
def _record(draw: st.DrawFn) -> str:
    reasons = "".join(draw(st.lists(_reason(), max_size=2)))
    evaluated = (
        draw(_some("disposition", _DISPOSITIONS)) + draw(_some("dkim", _VERDICTS)) + draw(_some("spf", _VERDICTS))
    )
    identifiers = (
        draw(_some("envelope_to", _DOMAINS, 3))
        + draw(_some("header_from", _DOMAINS))
        + draw(_some("envelope_from", _DOMAINS, 6))
    )
    results = "".join(draw(st.lists(_result("dkim"), max_size=2))) + "".join(draw(st.lists(_result("spf"), max_size=2)))
    return (
        f"<record><row>{draw(_some('source_ip', _ADDRESSES))}{draw(_some('count', _COUNTS))}"
        f"<policy_evaluated>{evaluated}{reasons}</policy_evaluated></row>"
        f"<identifiers>{identifiers}</identifiers><auth_results>{results}</auth_results></record>"
    )


@st.composite
def aggregate_texts(draw: st.DrawFn) -> str:
    """An aggregate report of either RFC, as text."""
    begin = draw(st.sampled_from((BEGIN, BEGIN + 17, END)))
    end = begin + draw(st.sampled_from((DAY_SECONDS - 1, DAY_SECONDS, 7 * DAY_SECONDS, 0, -3600)))
    metadata = (
        draw(_some("org_name", _WORDS | st.sampled_from(("google.com", "mx.mail.example.com"))))
        + draw(_some("email", st.just("noreply@receiver.example")))
        + draw(_some("extra_contact_info", _WORDS, 3))
        + draw(_some("report_id", _WORDS))
        + f"<date_range><begin>{begin}</begin><end>{end}</end></date_range>"
        + "".join(draw(st.lists(_some("error", _WORDS), max_size=2)))
        + draw(_some("generator", _WORDS, 2))
    )
    policy = draw(_some("domain", _DOMAINS)) + draw(_some("p", _POLICIES)) + draw(_some("sp", _POLICIES, 5))
    for name in ("adkim", "aspf"):
        policy += draw(_some(name, st.sampled_from(("r", "s", "R", "")), 6))
    for name, values in (
        ("pct", ("100", "0", "")),
        ("fo", ("0", "1:d")),
        ("np", ("none", "reject")),
        ("testing", ("y", "n")),
    ):
        policy += draw(_some(name, st.sampled_from(values), 3))
    root = draw(st.sampled_from(("<feedback>", '<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">')))
    version = draw(st.sampled_from(("", "<version>1.0</version>")))
    records = "".join(draw(st.lists(_record(), max_size=4)))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{root}{version}<report_metadata>{metadata}</report_metadata>'
        f"<policy_published>{policy}</policy_published>{records}</feedback>\n"
    )


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A report in one of the containers in which they come, or bare."""
    packed = PACKS[draw(st.sampled_from(("plain", "plain", "gzip", "zip", "bzip2", "gzip of gzip")))](
        draw(aggregate_texts()).encode()
    )
    if draw(st.booleans()):
        return packed
    body = part("application/octet-stream", base64.encodebytes(packed).decode(), encoding="base64")
    return multipart(part("text/plain", "hello"), body, content_type="multipart/mixed")
