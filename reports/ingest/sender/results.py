"""What a trusted server says of a mail in its Authentication-Results (RFC 8601). Pure; everybody else's are not read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import authres  # type: ignore[import-untyped]  # ships no types

from reports.ingest.sender.alignment import are_aligned, domain_of
from reports.ingest.sender.letter import Letter

MOST_FIELDS = 20
LONGEST_VALUE = 8_192
LONGEST_RECEIVED = 2_000
COMMENT_DEPTH = 8
_COMMENT = re.compile(r"\([^()]*\)")
_FOREIGN = re.compile(r"<[^<>]*>|\"[^\"]*\"")
_BARE_VALUE = re.compile(r"=(?:<([^<>\s]*)>|([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*))(?=[\s;]|\Z)")
_PROTOCOL = re.compile(r"(?i)\bwith\s+([^\s;]+)")
_LOCAL = re.compile(r"(?i)lmtps?a?\Z")
_PROVING = {
    "dmarc": (("header", "from"),),
    "dkim": (("header", "d"), ("header", "i")),
    "spf": (("smtp", "mailfrom"),),
}
"""Which property of a method names the domain that passed; what it does not name proves nothing."""
_read = authres.all_features()


def trusted_from(lines: list[str]) -> dict[str, int]:
    """The setting, one server a line ("mx.example.com" or "mx.google.com 2"), as hops by authserv-id in lower case.

    Hops are the Received fields that servers of one's own put above the results; hand-over by LMTP is not counted.
    """
    trusted = {}
    for line in lines:
        name, _, hops = line.strip().partition(" ")
        trusted[name.lower()] = int(hops) if hops.strip().isdecimal() else 0
    return trusted


def said_by(letter: Letter, *, trusted: Mapping[str, int]) -> list[authres.AuthenticationResultsHeader]:
    """The results of trusted servers that stand where these put them; the same name further down is forged."""
    return [each for hops, each in _all_read(letter, most_hops=max(trusted.values(), default=0))
            if hops <= trusted.get(str(each.authserv_id).lower(), -1)]  # fmt: skip


def passed(header: authres.AuthenticationResultsHeader, *, author: str) -> bool:
    """Whether the server found a pass of DMARC, DKIM or SPF that is aligned with the author's domain."""
    return any(
        result.result == "pass" and any(are_aligned(name, author) for name in _names(result))
        for result in header.results
    )


def _names(result: authres.AuthenticationResult) -> Iterator[str]:
    wanted = _PROVING.get(str(result.method).lower(), ())
    for each in result.properties:
        if (str(each.type).lower(), str(each.name).lower()) in wanted:
            yield domain_of(str(each.value or ""))


def _all_read(letter: Letter, *, most_hops: int) -> Iterator[tuple[int, authres.AuthenticationResultsHeader]]:
    """Whoever hands a mail over puts its fields on top, so that only what a stranger wrote lies below his Received."""
    hops = seen = 0
    for name, value in letter.fields:
        if name == "received":
            hops += not _is_local(value)
            if hops > most_hops:
                return
        elif name == "authentication-results" and len(value) <= LONGEST_VALUE and seen < MOST_FIELDS:
            seen += 1
            try:
                yield hops, _read.parse_value(_quoted(value))
            except (authres.AuthResError, RecursionError):
                continue


def _quoted(value: str) -> str:
    """The field with quotes around what should have them (RFC 8601 section 2.2), IPv6 addresses as Exim writes them and paths in
    brackets, and without a semicolon that ends it. One that has quotes stays as it is: none may come to lie within others.
    """
    value = value.rstrip(" \t\r\n;")
    if '"' in value or "\\" in value:
        return value
    return _BARE_VALUE.sub(lambda found: f'="{found[1] or found[2] or ""}"', value)


def _is_local(received: str) -> bool:
    """Whether the mail was only handed to a mailbox. Comments and addresses hold what a stranger said of himself, and are not
    looked at; nor is the name that he gave, which comes before the protocol and may have spaces in it.
    """
    if len(received) > LONGEST_RECEIVED:
        return False
    for _ in range(COMMENT_DEPTH):
        received = _COMMENT.sub("", received)
    protocols = _PROTOCOL.findall(_FOREIGN.sub("", received))
    return "(" not in received and bool(protocols) and bool(_LOCAL.match(protocols[-1]))
