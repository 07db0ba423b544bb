"""The list: every known difference between this reader and parsedmarc, each with what tells it and why it is so.

docs/differences-from-parsedmarc.md is made of it; an entry that explains nothing in a run fails the test.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from tests.differential import values
from tests.differential.compare import Difference
from tests.differential.entry import Entry, When
from tests.differential.readers import FAILURE, POLICY, TLS, Both
from tests.differential.theirs import begins_as_report, looks_into_mail


def _refuses(*words: str, mended: Collection[str] = ()) -> When:
    """parsedmarc's refusal holds one of the words, and ours has noted one of these deviations, where some are named."""

    def when(difference: Difference, _both: Both) -> bool:
        return any(word in difference.theirs for word in words) and bool(not mended or _notes(difference) & set(mended))

    return when


def _noted(*codes: str) -> When:
    """Ours has noted one of these deviations in the report."""

    def when(difference: Difference, _both: Both) -> bool:
        return bool(_notes(difference) & set(codes))

    return when


def _notes(difference: Difference) -> frozenset[str]:
    mine = difference.mine
    return mine.repairs | mine.rejected if mine is not None else frozenset()


def _kind(difference: Difference) -> str:
    return difference.mine.kind if difference.mine is not None else ""


def _all(value: object) -> list[object]:
    return [inner for each in value for inner in _all(each)] if isinstance(value, tuple) else [value]


def _core(value: object) -> str:
    """The text of a field without what stands around it."""
    return str(value[-1] if isinstance(value, tuple) and value else value).strip("<> \r\n\0").replace("\0", "\ufffd")


def _one_of_several_is_lost(difference: Difference, both: Both) -> bool:
    row, mine, theirs = difference.row, difference.mine, both.theirs
    if row is None or mine is None or theirs is None or not difference.what.startswith("row."):
        return False
    ours, others = [
        sum((each["source_ip"], each["count"]) == (row["source_ip"], row["count"]) for each in report.rows)
        for report in (mine, theirs)
    ]
    return ours > max(others, 1)


def _has_no_results(difference: Difference) -> bool:
    row = difference.row
    return row is not None and row["dkim_results"] is None and row["spf_results"] is None


UNREAD = ("unread",)
STARTS = (b"PK", b"\x1f\x8b", b"<", b"From:")
LOST = ("row.lost",)
POLICY_FIELDS = tuple(f"head.{name}" for name in POLICY)
DOMAINS = ("head.domain", "row.header_from", "row.envelope_from", "row.envelope_to", "head.domains", "head.dkim_domain")
RESULTS = ("row.dkim_results", "row.spf_results")
TEXTS = (
    "head.org_name",
    "head.email",
    "head.extra_contact_info",
    "head.report_id",
    "head.errors",
    "head.generator",
    "head.version",
)
FAILURE_FIELDS = tuple(
    f"head.{name}"
    for name in (
        "domain", "source_ip", "arrived", "mail_from", "rcpt_to", "envelope_id", "auth_failure", "delivery_result",
        "authentication_results", "dkim_domain", "user_agent",
    )
)  # fmt: skip
ROW_FIELDS = tuple(
    f"row.{name}"
    for name in (
        "source_ip", "count", "disposition", "dkim", "spf", "header_from", "envelope_from", "envelope_to", "reasons",
        "dkim_results", "spf_results",
    )
)  # fmt: skip
HEAD_AND_ROWS = (
    *TEXTS,
    *POLICY_FIELDS,
    *ROW_FIELDS,
    "row.lost",
    "row.beyond",
    "head.namespace",
    "head.begin",
    "head.end",
    "head.domain",
)
ROW_NOTES = {
    "verdict_missing", "header_from_assumed", "empty_dropped", "reason_rewritten", "address_rewritten", "count_rewritten",
    "bad_source_ip", "bad_count", "row_without_content",
}  # fmt: skip
MENDED_XML = (
    "xml_recovered", "xml_truncated", "bare_ampersand", "bare_address", "close_tag", "control_characters", "undeclared_prefix",
    "root_missing", "text_before_xml",
)  # fmt: skip
ARCHIVES = ("archive_truncated", "archive_checksum", "archive_trailing", "archive_salvaged")

WORDS = {"hardfail": "fail"}

ENTRIES: tuple[Entry, ...] = (
    # --- What is found --------------------------------------------------------------------------------------------------
    Entry(
        "file-start", UNREAD,
        "A file that does not begin with `<` or `{` once its outer gzip or zip is off: a byte order mark, a blank line, words "
        "before the XML, UTF-16, bzip2, xz, tar, archives within archives, a note as the first member. It is read here.",
        "RFC 9990 section 3.5 names GZIP only; all of these are sent",
        when=lambda d, both: any(
            words in d.theirs for words in ("Not a recognized", "Not a valid zip, gzip", "'NoneType' object is not subscriptable")
        )
        and not begins_as_report(both.data),
    ),
    Entry(
        "mail-parts", UNREAD,
        "A report in a part of a mail that is text, is not in base64, or is in uuencode or an archive that parsedmarc does "
        "not open. Every part is looked into here, by its content.",
        "RFC 2045 sections 6.2-6.8: every transfer encoding is legal",
        when=lambda d, both: "is not a valid report" in d.theirs and _kind(d) != FAILURE and not looks_into_mail(both.data),
    ),
    Entry(
        "damaged-archive", UNREAD,
        "An archive that is cut off, has a wrong checksum or lost its directory. What it still holds is read here, and said "
        "to come from a damaged archive.",
        "RFC 1952 section 2.3.1, APPNOTE 4.3; seen with several reporters",
        when=_refuses("archive file", "Unable to parse message", mended=ARCHIVES),
    ),
    Entry(
        "all-of-several", ("more",),
        "Of several reports in one mail, archive or file parsedmarc reads the first. All are read here.",
        "RFC 9990 section 3.5: one report in one mail; reporters and forwarding people send more",
        when=lambda d, _both: d.ours > 1,
    ),
    Entry(
        "complaints-are-none", ("refused",),
        "Reports of abuse, fraud or viruses (ARF) are no DMARC failure reports, and are named as what they are.",
        "RFC 5965 section 7.3, RFC 9991 section 3",
        when=lambda d, _both: d.ours == ("abuse_complaint",) and d.theirs == FAILURE,
    ),
    # --- XML --------------------------------------------------------------------------------------------------------------
    Entry(
        "document-type", UNREAD,
        "A DOCTYPE without entities is passed over here and never fetched; with entities both refuse the file.",
        "XML 1.0 section 2.8; some old reporters send one",
        when=_refuses("must not contain a DOCTYPE", mended=("doctype_ignored",)),
    ),
    Entry(
        "element-names", UNREAD,
        "Elements with a namespace prefix, declared or not, in capitals or another spelling, and reports without a root element "
        "or with one of another name, or with an element around the records.",
        "Namespaces in XML 1.0 section 6.1: a prefix is as good as none",
        when=lambda d, _both: "Missing field: 'feedback'" in d.theirs
        or "name_rewritten" in _notes(d)
        or ("Missing field: 'record'" in d.theirs and bool(d.mine and d.mine.rows)),
    ),
    Entry(
        "several-rows", UNREAD,
        "A record with several rows: each of them is counted here, with the identifiers and results that they share.",
        "RFC 9990 section 3.1.1.7 has one row in a record; nothing else can be meant",
        when=lambda d, _both: "several_rows" in _notes(d),
    ),
    Entry(
        "mended-xml", UNREAD,
        "XML that is not well-formed and of which parsedmarc's recovery leaves no report. It is mended here, as far as it goes, "
        "with a note for each kind of mending.",
        "XML 1.0 section 1.2 asks to stop; a receiver of reports would lose them",
        when=_refuses(
            "Invalid XML", "Missing field", "missing required section", "Unexpected error", "is not a valid report",
            "Not a recognized", "archive file", mended=MENDED_XML,
        ),
    ),
    Entry(
        "note-of-recovery", ("head.errors",),
        "parsedmarc puts its own note that the XML is invalid among the errors that the reporter sent. Here it is a repair.",
        "RFC 9990 section 3.1.5: errors are the reporter's",
        when=lambda d, _both: bool(d.theirs) and str(d.theirs[0]).startswith("Invalid XML") and not d.ours,
    ),
    Entry(
        "recovered-texts", (*TEXTS, *POLICY_FIELDS, *DOMAINS, *RESULTS, "row.reasons"),
        "Where XML is not well-formed, parsedmarc's recovery drops a bare `&` or an address in angle brackets; here the text "
        "is whole.",
        "RFC 5322 section 3.4: mail addresses are written so",
        when=_noted("bare_ampersand", "bare_address", "xml_recovered", "control_characters"),
    ),
    Entry(
        "letters", (*TEXTS, *DOMAINS, *RESULTS, "row.reasons"),
        "Bytes that are not UTF-8 are dropped by parsedmarc, whatever the XML declares; here they are read as declared, else "
        "as windows-1252.",
        "XML 1.0 section 4.3.3",
        when=_noted("encoding_converted", "encoding_guessed"),
    ),
    Entry(
        "namespace-of-the-root", ("head.namespace",),
        "parsedmarc takes the first `xmlns` in the file; here it is that of the root element.",
        "RFC 9990 section 3.1.1.1",
        when=lambda d, both: (d.ours is None and str(d.theirs).encode() in both.data)
        or (d.theirs is None and bool(_notes(d) & {"byte_order_mark", "encoding_guessed"})),
    ),
    # --- Head -------------------------------------------------------------------------------------------------------------
    Entry(
        "no-rows", UNREAD,
        "A report without records is an empty report.",
        "RFC 9990 section 3.1.1.7 asks for one; wp.pl and CWRU send reports without",
        when=_refuses("Missing field: 'record'", "missing required section", mended=("no_records", "row_without_content")),
    ),
    Entry(
        "the-only-row", UNREAD,
        "Where parsedmarc would drop the only row of a report, it refuses the report; here the row is read as any other, or "
        "kept as a rejected one.",
        "RFC 9990 section 3.1.1.7",
        when=lambda d, _both: d.mine is not None and len(d.mine.rows) + len(d.mine.rejected) == 1 and bool(_notes(d) & ROW_NOTES),
    ),
    Entry(
        "one-spoils-all", UNREAD,
        "Where the first of several reports in a mail, archive or file cannot be read, parsedmarc refuses all of them.",
        "RFC 9990 section 3.5: one report in one mail; reporters and forwarding people send more",
        when=lambda d, both: len(both.ours) > 1
        or any(each.code != "tls_not_stored" for each in both.reading.problems)
        # A file beside the report that is none, and that only parsedmarc takes for one.
        or ("must not contain a DOCTYPE" in both.error and "doctype_ignored" not in _notes(d)),
    ),
    Entry(
        "mail-head", UNREAD,
        "A mail whose Date cannot be read, or that has a field twice, is no report for parsedmarc, whatever it holds.",
        "RFC 5322 section 3.6",
        when=_refuses("Unknown string format", "does not contain a date", "has no attribute", "out of range", "month must be", "can only concatenate"),
    ),
    Entry(
        "missing-in-head", UNREAD,
        "A report that lacks reporter, address, id, begin or end, policy or `p`: what is missing is taken from mail and file "
        "name, or left open, and named.",
        "RFC 9990 sections 3.1.1.3-3.1.1.5 ask for them; old reporters leave them out",
        when=_refuses(
            "Missing field", "missing required section", "Organization name", "'NoneType'",
            mended=("org_name_assumed", "email_missing", "report_id_missing", "policy_missing", "period_assumed", "domain_assumed"),
        ),
    ),
    Entry(
        "times", UNREAD,
        "Times in milli- or microseconds, in ISO 8601 or as mails write them.",
        "RFC 9990 section 3.1.1.4 asks for seconds; both are sent",
        when=_refuses("Unexpected error", mended=("period_rewritten", "period_assumed")),
    ),
    Entry(
        "repeated-or-with-attributes", UNREAD,
        "An element of the head that is repeated, or has an attribute such as `xml:lang`: parsedmarc finds no text in it.",
        "RFC 9990 Appendix A: langAttrString",
        when=lambda d, both: (any(word in d.theirs for word in ("missing required section", "Unexpected error", "Missing field"))
        and (bool(_notes(d) & {"repeated_element"}) or b" lang=" in both.data or b":lang=" in both.data))
        or "list indices must be integers" in d.theirs
        or ("missing required section" in d.theirs and both.data.startswith(STARTS)),
    ),
    Entry(
        "period-turned-round", ("head.begin", "head.end"),
        "A period that ends before it begins is turned round.",
        "RFC 9990 section 3.1.1.4",
        when=lambda d, _both: "period_swapped" in _notes(d),
    ),
    Entry(
        "org-name-as-sent", ("head.org_name",),
        "parsedmarc replaces a name that is a domain by its organizational domain, so that two reporters become one.",
        "RFC 9990 section 3.1.1.3: a name for people; section 3.5.1 for what names a report",
        when=lambda d, _both: bool(d.ours and d.theirs)
        and " " not in d.ours
        and d.ours.lower().rstrip(".").endswith(str(d.theirs).lower().strip(".")),
    ),
    Entry(
        "report-id-as-sent", ("head.report_id",),
        "parsedmarc cuts ids at `@` and drops angle brackets, so that two reports become one.",
        "RFC 9990 section 3.5.1: the id names the report",
        when=lambda d, _both: (d.ours or "").replace("<", "").replace(">", "").partition("@")[0].strip()
        == values.blanks(d.theirs or ""),
    ),
    Entry(
        "defaults-are-not-sent", ("head.adkim", "head.aspf"),
        "Alignment modes that were not sent are None; parsedmarc says `r`.",
        "RFC 9989 section 4.7 has the default; what was sent is another thing",
        when=lambda d, _both: d.ours is None and d.theirs == "r",
    ),
    Entry(
        "sp-is-not-p", ("head.sp",),
        "A subdomain policy that was not sent is None; parsedmarc copies `p`.",
        "RFC 9989 section 4.7",
        when=lambda d, _both: d.ours is None and d.mine is not None and values.lower(d.theirs) == d.mine.head["p"],
    ),
    Entry(
        "version-is-not-draft", ("head.version",),
        "A version that was not sent is empty; parsedmarc says `draft`.",
        "RFC 9990 section 3.1.1.2: optional",
        when=lambda d, _both: d.ours is None and d.theirs == "draft",
    ),
    Entry(
        "tag-t", ("head.testing",),
        "`t` in the policy is the tag `testing`.",
        "RFC 9989 section 4.7 calls the tag t, RFC 9990 section 3.1.1.5 the element testing",
        when=lambda d, both: d.theirs is None and b"<t>" in both.data,
    ),
    Entry(
        "long-texts", (*TEXTS, *POLICY_FIELDS, "head.namespace", "head.version"),
        "A text of the head is cut at 500 characters, with a note.",
        "no RFC: bound of this product",
        when=lambda d, _both: "text_cut" in _notes(d) or len(str(d.theirs)) > 500,
    ),
    Entry(
        "words", (*POLICY_FIELDS, "row.disposition", "row.dkim", "row.spf", *RESULTS),
        "Words of an enumeration are in lower case here, however they are sent.",
        "RFC 9990 Appendix A: lower-case enumerations; others are sent",
        fold=values.deep(lambda text: text.lower() if text.isupper() or text.istitle() or text.lower() in WORDS else text),
    ),
    Entry(
        "kinds-of-failure", ("head.auth_failure",),
        "Kinds of failure are in lower case.",
        "RFC 6591 section 3.3: lower-case words",
        fold=values.deep(lambda text: text.lower()),
    ),
    Entry(
        "kinds-are-words", ("head.auth_failure",),
        "Kinds of failure are words, told apart at blanks and semicolons too; parsedmarc parts them at commas.",
        "RFC 6591 section 3.3, RFC 9991 section 4: words without either",
        fold=lambda kinds: tuple(re.split(r"[;\s]+", " ".join(kinds))) if isinstance(kinds, tuple) else kinds,
    ),
    Entry(
        "blanks", (*TEXTS, *POLICY_FIELDS, "row.reasons", *RESULTS, *DOMAINS, "row.disposition", "row.dkim", "row.spf"),
        "Blanks around and line breaks within a text are one blank.",
        "XML Schema part 2 section 4.3.6",
        fold=values.deep(lambda text: values.blanks(text) or None),
    ),
    Entry(
        "domains", DOMAINS,
        "Domains are lower-case A-labels without dots around; of an address it is the domain, of several the first.",
        "RFC 9989 section 4.10, RFC 5890 section 2.3.2.1",
        fold=lambda value: tuple(map(values.domain, value)) if isinstance(value, tuple) else values.domain(value),
    ),
    Entry(
        "name-of-the-record", ("head.domain",),
        "`_dmarc.example.com` is the name of a record; the report is about `example.com`.",
        "RFC 9989 section 4.10.1",
        when=lambda d, _both: str(d.theirs).lower().strip(".").removeprefix("_dmarc.") == d.ours,
    ),
    # --- Rows -------------------------------------------------------------------------------------------------------------
    Entry(
        "rows-with-odd-addresses", LOST,
        "A row whose address stands in brackets or quotes, with a prefix `IPv6:`, a port, a mask or a host name. parsedmarc drops the row.",
        "RFC 9990 section 3.1.1.8",
        when=_noted("address_rewritten"),
    ),
    Entry(
        "rows-with-odd-counts", LOST,
        "A row whose count is `1.0` or `1,234`. parsedmarc drops the row.",
        "RFC 9990 section 3.1.1.8",
        when=_noted("count_rewritten"),
    ),
    Entry(
        "rows-without-verdicts", LOST,
        "A row without `policy_evaluated` or one of its verdicts. parsedmarc drops the row.",
        "RFC 9990 section 3.1.1.9; AOL and Google left them out in 2012",
        when=_noted("verdict_missing"),
    ),
    Entry(
        "rows-without-from", LOST,
        "A row without `header_from`: the policy domain stands in. parsedmarc drops the row.",
        "RFC 9990 section 3.1.1.10",
        when=_noted("header_from_assumed"),
    ),
    Entry(
        "rows-without-results", LOST,
        "A row without `auth_results`, or with an empty `dkim`, `spf` or `reason` in it. parsedmarc drops the row.",
        "RFC 9990 sections 3.1.1.11-3.1.1.14",
        when=lambda d, both: bool(_notes(d) & {"empty_dropped", "reason_rewritten", "old_shape"})
        or b"auth_results>" not in both.data or _has_no_results(d),
    ),
    Entry(
        "rows-that-cannot-count", ("row.beyond",),
        "A count below zero, beyond 2**53 or with `_` in it is no count: the row is kept as a rejected one, with its text.",
        "RFC 9990 section 3.1.1.8: a number of messages",
        when=lambda d, _both: bool(d.row) and (not 0 <= d.row["count"] <= 2**53 or "bad_count" in _notes(d)),
    ),
    Entry(
        "addresses", ("row.source_ip",),
        "Addresses are written in one way, without zone; IPv4 mapped into IPv6 is IPv4.",
        "RFC 5952 section 4, RFC 4291 section 2.5.5.2",
        fold=values.address,
    ),
    Entry(
        "disposition-not-sent", ("row.disposition",),
        "A disposition that was not sent is empty; parsedmarc says `none`.",
        "RFC 9990 section 3.1.1.9",
        when=lambda d, _both: d.ours is None and d.theirs == "none",
    ),
    Entry(
        "no-verdict", ("row.dkim", "row.spf"),
        "A verdict in which no known word can be read is left open, with a note; parsedmarc passes it on.",
        "RFC 9990 section 3.1.1.9: pass or fail",
        when=lambda d, _both: d.ours is None and "verdict_missing" in _notes(d),
    ),
    Entry(
        "verdicts-are-two", ("row.dkim", "row.spf"),
        "A verdict that is neither `pass` nor `fail` is `fail`, with a note; parsedmarc passes it on.",
        "RFC 9990 section 3.1.1.9: pass or fail",
        when=lambda d, _both: d.ours == "fail" and "verdict_rewritten" in _notes(d),
    ),
    Entry(
        "reason-types", ("row.reasons",),
        "Types of reasons are in lower case.",
        "RFC 9990 section 3.1.1.9",
        fold=values.at(0, values.lower),
    ),
    Entry(
        "empty-reasons", ("row.reasons",),
        "A reason that says nothing is left out.",
        "RFC 9990 section 3.1.1.14",
        fold=lambda value: tuple(each for each in value if any(each)) or None if isinstance(value, tuple) else value,
    ),
    Entry(
        "from-assumed", ("row.header_from",),
        "Where a row names no From domain, the policy domain stands in, with a note.",
        "RFC 9990 section 3.1.1.10",
        when=lambda d, _both: d.theirs is None and "header_from_assumed" in _notes(d),
    ),
    Entry(
        "envelope-from-not-sent", ("row.envelope_from",),
        "parsedmarc fills a missing or empty `envelope_from` from the last SPF result. Here it is as sent.",
        "RFC 9990 section 3.1.1.10: an empty one says that the return path was empty (RFC 5321 section 4.5.5)",
        when=lambda d, _both: d.ours is None and bool(d.row and d.row["spf_results"])
        and values.domain(d.theirs) in [values.domain(each[0]) for each in d.row["spf_results"]],
    ),
    Entry(
        "null-is-no-domain", ("row.header_from", "row.envelope_from", "row.envelope_to", *RESULTS),
        "`NULL` is no domain.",
        "AOL sends it where there is none",
        when=lambda d, _both: values.lower(d.theirs) == "null" and (d.ours is None or "header_from_assumed" in _notes(d)),
        fold=values.at(0, lambda name: None if values.lower(name) == "null" else name),
    ),
    Entry(
        "null-path", ("row.envelope_from",),
        "`<>` is the empty return path.",
        "RFC 5321 section 4.5.5",
        fold=lambda value: None if value == "<>" else value,
    ),
    Entry(
        "result-domains", RESULTS,
        "Domains in results are lower-case A-labels without a trailing dot.",
        "RFC 9989 section 4.10",
        fold=values.at(0, values.domain),
    ),
    Entry(
        "results-without-domain", RESULTS,
        "A result that names no domain is kept; parsedmarc drops it.",
        "RFC 9990 sections 3.1.1.11-3.1.1.13; Zoho sends `helo` results so",
        fold=values.without_nobody,
    ),
    Entry(
        "selector-and-result-not-sent", RESULTS,
        "A selector or result that was not sent is empty; parsedmarc says `none`, which is a result of its own.",
        "RFC 8601 section 2.7.1",
        fold=values.at(1, lambda text: None if text == "none" else text),
    ),
    Entry(
        "result-not-sent", RESULTS,
        "The same for the result itself.",
        "RFC 8601 section 2.7.1",
        fold=values.at(2, lambda text: None if text == "none" else text),
    ),
    Entry(
        "scope-not-sent", ("row.spf_results",),
        "A scope that was not sent is empty; parsedmarc says `mfrom`.",
        "RFC 9990 section 3.1.1.13",
        fold=values.at(1, lambda text: None if str(text).lower() == "mfrom" else text),
    ),
    Entry(
        "hardfail", RESULTS,
        "`hardfail` is `fail`, `unknown` and `error` are `permerror` and `temperror` in older words.",
        "RFC 8601 section 2.7.2, RFC 4408 section 2.5",
        fold=values.at(2, lambda text: WORDS.get(str(text).lower(), text)),
    ),
    # --- TLS reports ------------------------------------------------------------------------------------------------------
    Entry(
        "tls-shapes", UNREAD,
        "TLS reports without contact, with one policy instead of a list, with types in capitals or with null where a list "
        "belongs. parsedmarc refuses the report for any one of them.",
        "RFC 8460 section 4.4",
        when=lambda d, _both: _kind(d) == TLS
        and (
            bool(_notes(d))
            or any(words in d.theirs for words in ("TLS report", "Missing required", "Invalid policy type", "archive file", "must be"))
        ),
    ),
    # --- Failure reports --------------------------------------------------------------------------------------------------
    Entry(
        "failure-without-address-or-sample", UNREAD,
        "A failure report without Source-IP, with a folded one, without a sample, or with the sample first.",
        "RFC 9991 section 4, RFC 6591 section 3.2; RFC 5322 section 2.2.3 for folding",
        when=lambda d, _both: _kind(d) == FAILURE and bool(_notes(d) & {"source_ip_missing", "source_ip_assumed", "sample_missing"}),
    ),
    Entry(
        "failure-fields", UNREAD,
        "Folded fields of a failure report are whole here, and a date that cannot be read is replaced by that of the mail.",
        "RFC 5322 section 2.2.3",
        when=lambda d, _both: _kind(d) == FAILURE
        and ("Missing value: 'source_ip'" in d.theirs or bool(_notes(d) & {"arrival_date_assumed"})),
    ),
    Entry(
        "sample-first", UNREAD,
        "The parts of a failure report may stand in any order; parsedmarc takes a sample after the fields only.",
        "RFC 6522 section 3: the order is fixed; some turn it round",
        when=lambda d, _both: _kind(d) == FAILURE and "is not a valid report" in d.theirs,
    ),
    Entry(
        "paths", ("head.mail_from", "head.rcpt_to"),
        "Mail addresses stand without angle brackets.",
        "RFC 6591 section 3.2: reverse-path and forward-path",
        fold=values.deep(lambda text: text.strip("<> ") or None),
    ),
    Entry(
        "folded-fields", tuple(name for name in FAILURE_FIELDS if name != "head.delivery_result"),
        "parsedmarc cuts a folded field at the end of its first line.",
        "RFC 5322 section 2.2.3",
        when=lambda d, _both: bool(d.ours and d.theirs) and len(_core(d.ours)) > len(_core(d.theirs)) and _core(d.theirs) in _core(d.ours),
    ),
    Entry(
        "delivery-results", ("head.delivery_result",),
        "The result of delivery is as sent; parsedmarc looks for its own words in it, and says `other` for none.",
        "RFC 6591 section 3.2.2",
        when=lambda d, _both: d.theirs in ("delivered", "spam", "policy", "reject", "other"),
    ),
    Entry(
        "auth-failure-not-sent", ("head.auth_failure",),
        "A kind of failure that was not sent is left open; parsedmarc says `dmarc`.",
        "RFC 9991 section 4: REQUIRED, so nothing follows from its absence",
        when=lambda d, _both: d.ours is None and d.theirs == ("dmarc",),
    ),
    Entry(
        "from-of-sample", ("head.header_from",),
        "Where the sample has no From that can be read, the reported domain stands in.",
        "RFC 9991 section 4: Reported-Domain",
        when=lambda d, _both: d.theirs is None and d.mine is not None and d.ours == d.mine.head["domain"],
    ),
    Entry(
        "repeated-fields", FAILURE_FIELDS,
        "Of a field that comes twice in a failure report the first counts; for parsedmarc it is the last.",
        "RFC 6591 section 3.2: once",
        when=lambda d, both: "repeated_field" in _notes(d)
        or both.data.count(b"Reported-Domain:") > 1
        or (d.what == "head.rcpt_to" and bool(d.ours and d.theirs)),
    ),
    Entry(
        "bounded-fields", (*FAILURE_FIELDS, "head.subject", "head.header_from"),
        "Fields of failure reports and subjects of samples are cut at a bound, and a NUL becomes the replacement character.",
        "no RFC: bound of this product",
        when=lambda d, _both: bool(d.ours and d.theirs)
        and str(d.theirs).replace("\0", "\ufffd").startswith(str(d.ours)[: len(str(d.ours)) - 3]),
    ),
    # --- Broken files: what is left of them ------------------------------------------------------------------------------
    Entry(
        "rows-cut-in-two", ("row.beyond", "row.lost", *ROW_FIELDS),
        "Of XML that breaks in the middle, parsedmarc's recovery counts a row that is cut in two, or glues two rows into one. "
        "Here a row that is not whole is rejected, and the message is partial.",
        "XML 1.0 section 1.2: what follows an error is a guess",
        when=_noted(*MENDED_XML, "row_truncated"),
    ),
    Entry(
        "reports-cut-in-two", ("refused",),
        "A report that breaks off before its first whole row is refused.",
        "XML 1.0 section 1.2",
        when=lambda d, _both: "report_truncated" in d.ours,
    ),
    Entry(
        "the-first-is-cut-in-two", HEAD_AND_ROWS,
        "Where the first of two reports breaks off and is refused, what is compared is another one.",
        "XML 1.0 section 1.2",
        when=lambda _d, both: any(problem.code == "report_truncated" for problem in both.reading.problems)
        or (len(both.ours) > 1 and any(report.repairs & set(MENDED_XML) for report in both.ours)),
    ),
    Entry(
        "depth", ("refused",),
        "Mails within mails are followed eight deep.",
        "no RFC: bound of this product",
        when=lambda d, _both: "too_deep" in d.ours,
    ),
    Entry(
        "rows-alike", HEAD_AND_ROWS,
        "Where parsedmarc drops one of several rows with one address and one count, what is compared is another one.",
        "RFC 9990 section 3.1.1.7: a record each",
        when=_one_of_several_is_lost,
    ),
    Entry(
        "mail-without-head", ("refused",),
        "A mail whose first line is no header field is no mail.",
        "RFC 5322 section 2.2",
        when=lambda d, both: d.theirs == FAILURE and (both.data[:1].isspace() or both.data[:1] == b":") and "no_report_found" in d.ours,
    ),
    Entry(
        "repeated-elements", (*ROW_FIELDS, *POLICY_FIELDS, "head.domain", "head.version", *TEXTS),
        "Of an element that comes twice in a row the first counts; parsedmarc keeps a list, or none of them.",
        "RFC 9990 Appendix A: once",
        when=lambda d, _both: "repeated_element" in _notes(d) or any(isinstance(each, list) for each in _all(d.theirs)),
    ),
    Entry(
        "numbers-with-underscores", ("head.begin", "head.end"),
        "`1_700_000_000` is no time, though Python takes it for one; nor is a time before 1970.",
        "XML Schema part 2 section 3.3.13",
        when=_noted("period_assumed"),
    ),
    Entry(
        "lenient-dates", ("head.arrived",),
        "A date that is none is replaced by that of the mail; parsedmarc's parser of dates makes something of nearly any text.",
        "RFC 5322 section 3.3",
        when=_noted("arrival_date_assumed"),
    ),
    Entry(
        "damaged-fields", FAILURE_FIELDS,
        "A line without a colon belongs to the field before it; parsedmarc looks for fields anywhere in the part.",
        "RFC 5322 section 2.2.3",
        when=lambda d, _both: _kind(d) == FAILURE
        and (
            None in (d.ours, d.theirs)
            or bool(_notes(d) & {"identity_alignment_missing", "auth_failure_missing", "reported_domain_assumed"})
        ),
    ),
    Entry(
        "tls-values", ("head.begin", "head.end", "head.org_name", "head.report_id", "head.domains"),
        "Values of TLS reports that are of another type than the RFC has are left open; parsedmarc passes them on.",
        "RFC 8460 section 4.4",
        when=lambda d, _both: _kind(d) == TLS and (type(d.theirs) not in (int, tuple) or d.ours is None),
    ),
    Entry(
        "tls-policies", ("head.policies", "head.failures"),
        "Counts of sessions are numbers, types are in lower case and domains are A-labels; a policy that cannot be counted is "
        "kept as a rejected one. parsedmarc passes on what was sent.",
        "RFC 8460 section 4.4",
        when=lambda d, _both: bool(_notes(d)),
    ),
    Entry(
        "addresses-that-are-none", ("row.beyond",),
        "An address with a zero in front of a number is ambiguous (it may be octal): the row is kept as a rejected one.",
        "RFC 6943 section 3.1.1",
        when=_noted("bad_source_ip"),
    ),
    Entry(
        "no-domain", ("refused",),
        "A report about no domain can be counted nowhere, and is refused.",
        "RFC 9990 section 3.1.1.5",
        when=lambda d, _both: "no_domain" in d.ours,
    ),
    Entry(
        "domain-assumed", ("head.domain",),
        "Where the policy names no domain, the From domain of the first row stands in.",
        "RFC 9990 section 3.1.1.5",
        when=_noted("domain_assumed"),
    ),
    Entry(
        "email-of-the-mail", ("head.email",),
        "Where the report names no address of its reporter, that of the mail stands in.",
        "RFC 9990 section 3.1.1.3",
        when=lambda d, _both: d.theirs is None and "email_missing" in _notes(d),
    ),
    Entry(
        "letters-beyond-ascii", UNREAD,
        "parsedmarc takes some texts with letters beyond ASCII for base64, and refuses them.",
        "XML 1.0 section 4.3.3",
        when=_refuses("string argument should contain only ASCII"),
    ),
    Entry(
        "odd-declaration", UNREAD,
        "A damaged XML declaration is passed over.",
        "XML 1.0 section 2.8: it is optional",
        when=lambda d, both: "no element found: line 1, column 0" in d.theirs,
    ),
    Entry(
        "sample-in-pieces", ("head.subject", "head.headers_only", "head.header_from"),
        "Of a damaged sample either reader finds something else; the sample is kept as it came.",
        "RFC 6591 section 3.1: the message or its head, whole",
        when=lambda d, _both: _kind(d) == FAILURE,
    ),
    Entry(
        "letters-in-fields", FAILURE_FIELDS,
        "Fields of failure reports are read as UTF-8; parsedmarc shows such a field as an encoded word.",
        "RFC 6532 section 3",
        when=lambda d, _both: "=?utf-8?" in str(d.theirs).lower(),
    ),
    Entry(
        "source-unchecked", ("head.source_ip",),
        "An address in a failure report that is none is passed over for that of the sample; parsedmarc passes on what it finds.",
        "RFC 6591 section 3.2: source-ip",
        when=_noted("source_ip_assumed"),
    ),
    Entry(
        "long-words", ROW_FIELDS,
        "Words, names and comments in rows are cut at a bound.",
        "no RFC: bound of this product",
        when=lambda d, _both: len(str(d.theirs)) > len(str(d.ours)) >= 64,
    ),
    Entry(
        "no-reported-domain", UNREAD,
        "A failure report that names no domain is filed under that of its DKIM domain or envelope sender.",
        "RFC 9991 section 4: Reported-Domain is REQUIRED",
        when=_refuses("has no Reported-Domain field", mended=("reported_domain_assumed",)),
    ),
)  # fmt: skip
