"""Who sent a report mail: what servers say and what signatures prove, and every way to pretend either."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache

import dkim
import pytest

from reports.ingest.read import read
from reports.ingest.sender.alignment import are_aligned, domain_of, speaks_for
from reports.ingest.sender.judge import Sender, judge
from reports.ingest.sender.keys import LookupFailed
from reports.ingest.sender.results import trusted_from
from tests.mailhost.dkim_keys import DkimKey, make_key
from tests.mailhost.letters import letter
from tests.reports.samples import XML, zipped

NOW = datetime.now(UTC)
AUTHOR = "noreply@receiver.example"
OURS = "mx.example.com"
HOP = "from a.example (a.example [192.0.2.1]) by mx.example.com with ESMTPS id 1; Tue, 14 Nov 2023 22:13:20 +0000"
LMTP = "from mx.example.com by mx.example.com with LMTP id 2 for <reports>; Tue, 14 Nov 2023 22:13:20 +0000"
PASS = f"{OURS}; dmarc=pass (p=reject dis=none) header.from=receiver.example"


@cache
def key_of(domain: str) -> DkimKey:
    return make_key(domain)


def zone(*keys: DkimKey) -> Callable[[str], bytes | None]:
    names = {
        f"{key.selector}._domainkey.{key.domain}.": b"v=DKIM1; k=rsa; p=" + base64.b64encode(key.public_der)
        for key in keys
    }
    return names.get


def nobody(name: str) -> bytes | None:
    raise AssertionError(f"{name} was asked for")


def silent(name: str) -> bytes | None:
    raise LookupFailed(name)


def signed(data: bytes, key: DkimKey, **options: object) -> bytes:
    signature = dkim.sign(data, key.selector.encode(), key.domain.encode(), key.private_pem, **options)
    return bytes(signature) + data


def asked(data: bytes, lookup: Callable[[str], bytes | None] = nobody, *, trusted: list[str] | None = None) -> Sender:
    return judge(data, trusted=trusted_from(trusted or []), at=NOW, lookup=lookup)


def facts(sender: Sender) -> tuple[str, str, str, str]:
    return sender.check.value, sender.reason.value, sender.domain, sender.by


def from_server(*extra: tuple[str, str], sender: str = AUTHOR) -> bytes:
    return letter(sender, extra=extra)


# --- Heads that are to keep us busy ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"From: " + b"(" * 2000, "no_author"),
        (b"From: a@receiver.example\nX: a" + b"\n b" * 1_000_000, "head_damaged"),
        (b"\n".join([b"Received: " + b"(" * 900 + b")" * 900 + b" with lmtp"] * 140) + b"\nFrom: " + AUTHOR.encode(), "no_signature"),
        (b"\n".join([b"From: <" + b"@a," * 5000] * 15), "several_authors"),
    ],
    ids=["comments within comments", "a field of a million lines", "comments of Received", "routes"],
)  # fmt: skip
def test_a_hostile_head_is_judged_at_once(head: bytes, reason: str) -> None:
    started = time.process_time()
    assert asked(b"To: b@example.com\n" + head + b"\n\nx", trusted=[OURS]).reason == reason
    assert time.process_time() - started < 0.5


def test_a_received_of_comments_within_comments_is_no_hand_over() -> None:
    """What a stranger writes below it is not taken for the word of a server of ours."""
    deep = "from a by b " + "(" * 20 + ")" * 20 + " with LMTP"
    assert (
        asked(from_server(("Received", deep), ("Authentication-Results", PASS)), trusted=[OURS]).check == "unverified"
    )


# --- Signatures ---------------------------------------------------------------------------------------------------


def test_a_signature_of_the_author_proves_it() -> None:
    key = key_of("receiver.example")
    found = asked(key.sign(letter(AUTHOR)), zone(key))
    assert facts(found) == ("verified", "signature_holds", "receiver.example", "receiver.example")


def test_so_does_one_of_a_domain_below_or_above_it() -> None:
    key = key_of("mail.receiver.example")
    found = asked(key.sign(letter(AUTHOR)), zone(key))
    assert facts(found) == ("verified", "signature_holds", "receiver.example", "mail.receiver.example")


def test_a_signature_of_somebody_else_proves_nothing_and_asks_nobody() -> None:
    key = key_of("stranger.example")
    assert facts(asked(key.sign(letter(AUTHOR)))) == ("unverified", "other_signatures", "receiver.example", "")


def test_one_that_holds_among_several_is_enough() -> None:
    own, other, old = (
        key_of("receiver.example"),
        key_of("stranger.example"),
        DkimKey("receiver.example", "old", b"", b""),
    )
    data = other.sign(own.sign(letter(AUTHOR)))
    broken = b"DKIM-Signature: v=1; a=rsa-sha256; d=receiver.example; s=old; h=from; bh=AAAA; b=AAAA\r\n"
    assert facts(asked(broken + data, zone(own, old)))[:2] == ("verified", "signature_holds")


def test_no_more_than_five_signatures_are_looked_at() -> None:
    names: list[str] = []
    broken = b"".join(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=receiver.example; s=s%d; h=from; bh=AAAA; b=AAAA\r\n" % n
        for n in range(50)
    )
    key = key_of("receiver.example")

    def lookup(name: str) -> bytes | None:
        names.append(name)
        return zone(key)(f"s1._domainkey.{key.domain}.")

    assert asked(broken + key.sign(letter(AUTHOR)), lookup).check == "unverified"
    assert len(names) == 5


def test_changed_text_breaks_it() -> None:
    key = key_of("receiver.example")
    data = key.sign(letter(AUTHOR)).replace(b"Hello", b"Hullo")
    assert facts(asked(data, zone(key)))[:2] == ("unverified", "signature_broken")


def test_an_expired_signature_is_refused() -> None:
    key = key_of("receiver.example")
    data = _with_tags(key, f"x={int(time.time()) - 3600}; t={int(time.time()) - 7200}")
    assert facts(asked(data, zone(key)))[:2] == ("unverified", "signature_expired")


def test_one_that_still_holds_for_an_hour_is_not() -> None:
    key = key_of("receiver.example")
    assert asked(_with_tags(key, f"x={int(time.time()) + 3600}"), zone(key)).check == "verified"


def test_one_that_ran_out_before_anybody_could_look_is_called_so() -> None:
    key = key_of("receiver.example")
    data = _with_tags(key, f"x={int(time.time()) - 86_400}; t={int(time.time()) - 172_800}")
    found = judge(data, trusted={}, at=NOW - timedelta(days=2), lookup=zone(key))
    assert facts(found)[:2] == ("unverified", "signature_expired")


def test_a_signature_over_a_part_of_the_text_is_refused_though_it_holds() -> None:
    key = key_of("receiver.example")
    data = signed(letter(AUTHOR), key, length=True) + b"appended\r\n"
    assert dkim.verify(data, dnsfunc=lambda name, timeout=0: zone(key)(name.decode()))
    assert facts(asked(data, zone(key)))[:2] == ("unverified", "signature_of_part")


def test_spaces_that_a_signature_lets_pass_do_not_push_that_out_of_sight() -> None:
    """Relaxed canonicalisation takes a run of spaces for one, so whoever sends it again may put in any number."""
    key = key_of("receiver.example")
    data = signed(letter(AUTHOR), key, length=True, canonicalize=(b"relaxed", b"relaxed"))
    spaced = data.replace(b" l=", b" " * 17_000 + b"l=", 1) + b"appended\r\n"
    assert spaced != data
    assert asked(spaced, zone(key)).reason == "head_damaged"


def test_an_author_cannot_be_pushed_out_of_sight() -> None:
    data = letter(f"{AUTHOR},{' ' * 17_000}b@stranger.example")
    assert asked(data).reason == "head_damaged"


ATTACHED = b"--b\r\nContent-Type:\r\n message/rfc822\r\n\r\nFrom: a@stranger.example\r\n\r\nx\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("head", "body", "check"),
    [
        (b"From: MAILER-DAEMON@receiver.example (Mail Delivery System)", b"This is the qmail-send program.", "unverified"),
        (b"From: noreply@receiver.example\r\nAuto-Submitted: Auto-Replied", b"I am away. You wrote:", "unverified"),
        (b"From: noreply@receiver.example\r\nContent-Type: multipart/mixed; boundary=b", ATTACHED, "unverified"),
        (b"From: noreply@receiver.example\r\nAuto-Submitted: auto-generated", b"x", "verified"),
        (b"From: n@receiver.example\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b", ATTACHED, "verified"),
    ],
    ids=["a bounce", "an answer", "an attached mail", "a report", "a failure report"],
)  # fmt: skip
def test_who_passes_a_mail_on_proves_nothing_about_what_it_holds(head: bytes, body: bytes, check: str) -> None:
    key = key_of("receiver.example")
    data = head + b"\r\nTo: dmarc@example.com\r\nSubject: x\r\n\r\n" + body + b"\r\n"
    assert asked(key.sign(data), zone(key)).check == check
    vouched = f"Authentication-Results: {PASS}\r\nReceived: {HOP}\r\n".encode() + data
    assert asked(vouched, trusted=[OURS]).check == check


ENCLOSED = b"From: a@stranger.example\r\nSubject: x\r\nContent-Type: text/xml\r\n\r\n" + XML + b"\r\n"


@pytest.mark.parametrize(
    ("declared", "body"),
    [
        (b"multipart/digest; boundary=b", b"--b\r\n\r\n" + ENCLOSED + b"--b--\r\n"),
        (b"(a comment) message/rfc822", ENCLOSED),
        (b'"message/rfc822"', ENCLOSED),
        (b"application/octet-stream; name=x.eml", ENCLOSED),
        (b"application/zip; name=x.zip\r\nContent-Transfer-Encoding: base64", base64.b64encode(zipped(("x.eml", ENCLOSED)))),
        (b"multipart/mixed; boundary=b; report-type=feedback-report", b"--b\r\nContent-Type: text/xml\r\n\r\n" + XML + ATTACHED),
    ],
    ids=["digest", "comment", "quotes", "bare", "zip", "posing as a failure report"],
)  # fmt: skip
def test_an_attached_mail_with_a_report_is_known_by_its_bytes(declared: bytes, body: bytes) -> None:
    key = key_of("receiver.example")
    data = b"From: noreply@receiver.example\r\nSubject: x\r\nContent-Type: " + declared + b"\r\n\r\n" + body
    assert len(read(data).reports) == 1
    assert facts(asked(key.sign(data), zone(key)))[:2] == ("unverified", "passed_on")


def test_what_a_list_of_the_author_sends_in_its_name_may_be_anybodys() -> None:
    """It puts itself into the From field where the writer's policy would have it refused, and signs what it sends."""
    key = key_of("receiver.example")
    for field in (("List-Id", "DMARC <dmarc.receiver.example>"), ("List-Post", "<mailto:dmarc@receiver.example?a=b>")):
        data = key.sign(letter("'A' via DMARC <dmarc@receiver.example>", extra=[field]))
        assert facts(asked(data, zone(key)))[:2] == ("unverified", "passed_on")


def test_what_another_list_passed_on_unchanged_is_still_proven() -> None:
    key = key_of("receiver.example")
    data = b"List-Id: <dmarc.example.com>\r\nList-Post: none\r\n" + key.sign(letter(AUTHOR))
    assert asked(data, zone(key)).check == "verified"


@pytest.mark.parametrize(
    "added",
    [
        b"Content-Type: text/xml\r\nX: a\r\r" + XML.replace(b"\n", b"") + b"\r\n",
        b"X: a\rContent-Type: text/xml\r\r" + XML.replace(b"\n", b"") + b"\r\n",
        b"From x\r\r" + XML.replace(b"\n", b"") + b"\r\n",
        b"Content-Type: multipart/mixed; boundary=inner\r\nContent-Type: text/plain\r\n",
        b"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n",
        b" To: folded\r\n",
        b"\r\n",
    ],
)
def test_what_a_stranger_puts_before_a_signed_mail_is_not_taken_for_its_text(added: bytes) -> None:
    """Each is passed over by the signature, which still holds, and may be read as a part of the mail."""
    key = key_of("receiver.example")
    assert facts(asked(added + key.sign(letter(AUTHOR)), zone(key)))[:2] == ("unverified", "head_damaged")


def test_a_tiny_key_is_refused_though_it_fits() -> None:
    key = _tiny()
    assert facts(asked(key.sign(letter(AUTHOR)), zone(key)))[:2] == ("unverified", "signature_too_weak")


def test_sha1_is_refused() -> None:
    data = b"DKIM-Signature: v=1; a=rsa-sha1; d=receiver.example; s=s1; h=from; bh=AAAA; b=AAAA\r\n" + letter(AUTHOR)
    assert facts(asked(data))[:2] == ("unverified", "signature_too_weak")


def test_a_withdrawn_key_is_none() -> None:
    key = key_of("receiver.example")
    assert facts(asked(key.sign(letter(AUTHOR)), zone()))[:2] == ("unverified", "key_missing")
    assert facts(asked(key.sign(letter(AUTHOR)), lambda _: b"v=DKIM1; p="))[:2] == ("unverified", "key_missing")
    assert facts(asked(key.sign(letter(AUTHOR)), lambda _: b"v=DKIM1; p=AAAA"))[:2] == (
        "unverified",
        "signature_broken",
    )


def test_without_dns_nothing_is_known_and_it_may_be_asked_again() -> None:
    found = asked(key_of("receiver.example").sign(letter(AUTHOR)), silent)
    assert facts(found)[:2] == ("unknown", "dns_silent")
    assert found.may_change


@pytest.mark.parametrize("extra", [b"From: victim@example.com\r\n", b"FROM:victim@example.com\r\n"])
def test_a_second_from_is_refused_before_any_signature(extra: bytes) -> None:
    key = key_of("receiver.example")
    assert facts(asked(extra + key.sign(letter(AUTHOR))))[:2] == ("unverified", "several_authors")
    assert facts(asked(key.sign(letter(AUTHOR)).replace(b"Subject:", extra + b"Subject:")))[:2] == (
        "unverified",
        "several_authors",
    )


def test_a_from_that_some_programs_would_not_see_is_refused_too() -> None:
    key = key_of("receiver.example")
    data = key.sign(letter(AUTHOR))
    assert asked(b"From : victim@example.com\r\n" + data, zone(key)).check == "unverified"
    assert asked(data.replace(b"Subject:", b"From : victim@example.com\r\nSubject:"), zone(key)).check == "unverified"


def test_an_oversigned_from_cannot_be_joined_by_another() -> None:
    key = key_of("receiver.example")
    data = signed(letter(AUTHOR), key, include_headers=[b"from", b"from", b"subject"])
    assert asked(data, zone(key)).check == "verified"
    assert asked(b"From: a@receiver.example\r\n" + data, zone(key)).check == "unverified"


@pytest.mark.parametrize("name", ["Receiver, Inc.", "Receiver [EU]", "a; b", '"Receiver, Inc." (EU)', "DMARC: reports"])
def test_a_name_that_should_stand_in_quotes_makes_no_second_author(name: str) -> None:
    key = key_of("receiver.example")
    found = asked(key.sign(letter(f"{name} <{AUTHOR}>")), zone(key))
    assert facts(found) == ("verified", "signature_holds", "receiver.example", "receiver.example")


@pytest.mark.parametrize(
    "sender",
    [
        f"{AUTHOR} <a@stranger.example>",
        f"<{AUTHOR}> <a@stranger.example>",
        f"Receiver, {AUTHOR} <a@stranger.example>",
        f"(<{AUTHOR}>) <a@stranger.example>",
        f'"{AUTHOR}" <a@stranger.example>',
        f"=?utf-8?q?=3C{AUTHOR.replace('@', '=40')}=3E?= <a@stranger.example>",
        "<@receiver.example:a@stranger.example>",
    ],
)
def test_an_author_named_beside_the_address_is_none(sender: str) -> None:
    own, stranger = key_of("receiver.example"), key_of("stranger.example")
    for key in (own, stranger):
        found = asked(key.sign(letter(sender)), zone(own, stranger))
        assert (found.check, found.domain) != ("verified", "receiver.example")


@pytest.mark.parametrize("sender", ["a@receiver.example, b@stranger.example", "", "nobody", "<>"])
def test_no_single_author_is_no_author(sender: str) -> None:
    assert asked(letter(sender)).check == "unverified"


def test_a_letter_without_a_signature_is_unverified() -> None:
    assert facts(asked(letter(AUTHOR))) == ("unverified", "no_signature", "receiver.example", "")


@pytest.mark.parametrize("data", [b"", b"<feedback/>", b"\x1f\x8b\x08", b"PK\x03\x04"])
def test_a_bare_file_tells_nothing(data: bytes) -> None:
    assert facts(asked(data)) == ("unknown", "not_a_mail", "", "")


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"v=1",
        b"d=receiver.example",
        b"v=1; a=rsa-sha256; d=receiver.example; s=s1; h=from; bh=\xff; b=\xff",
        b"v=1; a=rsa-sha256; d=receiver.example; s=" + b"x" * 300 + b"; h=from; bh=AAAA; b=AAAA",
        b"v=1; a=rsa-sha256; d=receiver.example; s=s1; h=subject; bh=AAAA; b=AAAA",
        b"v=1; a=ed25519-sha256; d=receiver.example; s=s1; h=from; bh=AAAA; b=AAAA",
        b";" * 5000,
    ],
)
def test_hostile_signatures_end_as_a_reason(signature: bytes) -> None:
    key = key_of("receiver.example")
    assert asked(b"DKIM-Signature: " + signature + b"\r\n" + letter(AUTHOR), zone(key)).check == "unverified"


# --- What a server says --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        PASS,
        f"{OURS} 1; dkim=pass header.d=mail.receiver.example header.s=s1",
        f"{OURS}; dkim=fail header.d=receiver.example; dkim=pass header.i=@receiver.example",
        f"{OURS}; spf=pass smtp.mailfrom=bounce@receiver.example",
        f"{OURS};\r\n spf=none smtp.mailfrom=x.example;\r\n dmarc=pass header.from=receiver.example",
        f"{OURS.upper()}; dmarc=pass header.from=RECEIVER.example",
        f"{OURS}; iprev=pass (a.example) smtp.remote-ip=2001:db8::1; dmarc=pass header.from=receiver.example",
        f"{OURS}; arc=none smtp.remote-ip=2001:db8::1;\r\n dkim=pass header.d=receiver.example header.s=s1",
        f"{OURS}; spf=pass smtp.mailfrom=<bounce@receiver.example>",
        f"{OURS}; dmarc=pass header.from=receiver.example;",
    ],
)
def test_a_pass_that_is_aligned_verifies(said: str) -> None:
    found = asked(from_server(("Authentication-Results", said), ("Received", HOP)), trusted=[OURS])
    assert facts(found) == ("verified", "server_vouches", "receiver.example", OURS)


@pytest.mark.parametrize(
    "said",
    [
        f"{OURS}; none",
        f"{OURS}; dmarc=fail header.from=receiver.example",
        f"{OURS}; dmarc=pass header.from=stranger.example",
        f"{OURS}; dmarc=pass",
        f"{OURS}; dkim=pass header.d=stranger.example; spf=pass smtp.mailfrom=x@stranger.example",
        f"{OURS}; spf=pass smtp.helo=receiver.example",
        f"{OURS}; arc=pass header.d=receiver.example",
        f"{OURS} (; dmarc=pass header.from=receiver.example",
        "evil.example; dmarc=pass header.from=receiver.example",
        f"evil.example ({OURS}); dmarc=pass header.from=receiver.example",
        f"{OURS}.evil.example; dmarc=pass header.from=receiver.example",
        "dmarc=pass header.from=receiver.example",
        f"{OURS}; " + "(" * 5000,
        f'{OURS}; spf=pass smtp.mailfrom="receiver.example"@stranger.example',
        f'{OURS}; spf=pass smtp.mailfrom="x=::; dmarc=pass header.from=receiver.example; y=::"@stranger.example',
        f'{OURS}; spf=pass smtp.mailfrom="=<a;dmarc=pass header.from=receiver.example;>"@stranger.example',
        f"{OURS}; spf=pass smtp.mailfrom=<x@receiver.example>@stranger.example",
        f'{OURS}; dkim=pass header.i="x@receiver.example"@stranger.example',
        f"{OURS}; dkim=pass (; dmarc=pass header.from=receiver.example) header.d=stranger.example",
    ],
)
def test_anything_else_proves_nothing(said: str) -> None:
    found = asked(from_server(("Authentication-Results", said), ("Received", HOP)), trusted=[OURS])
    assert facts(found)[:2] == ("unverified", "no_signature")


def test_what_a_stranger_wrote_below_our_servers_field_is_ignored() -> None:
    forged = ("Authentication-Results", PASS)
    assert asked(from_server(("Received", HOP), forged), trusted=[OURS]).check == "unverified"
    assert asked(from_server(("Received", LMTP), ("Received", HOP), forged), trusted=[OURS]).check == "unverified"
    ours = ("Authentication-Results", f"{OURS}; dmarc=fail header.from=receiver.example")
    assert asked(from_server(ours, ("Received", HOP), forged), trusted=[OURS]).check == "unverified"


def test_handing_over_to_the_mailbox_is_no_border() -> None:
    found = asked(from_server(("Received", LMTP), ("Authentication-Results", PASS), ("Received", HOP)), trusted=[OURS])
    assert found.check == "verified"


def test_a_stranger_cannot_call_himself_a_hand_over() -> None:
    posing = "from x (with LMTP [192.0.2.1] (with LMTP)) by mx.example.com (with LMTP) with ESMTP id 1; date"
    assert (
        asked(from_server(("Received", posing), ("Authentication-Results", PASS)), trusted=[OURS]).check == "unverified"
    )


@pytest.mark.parametrize(
    "received",
    [
        "from x with LMTP y (a.example [192.0.2.1]) by mx.example.com with ESMTPS id 1; date",
        "from x by y with LMTP (a.example [192.0.2.1]) by mx.example.com with ESMTPS id 1; date",
        'from x (a.example [192.0.2.1]) by mx.example.com with ESMTP id 1 for <"a with LMTP b"@example.com>; date',
        "from x (a.example [192.0.2.1]) by mx.example.com with ESMTP id 1 for <a with LMTP b@example.com>; date",
        "from x (a.example [192.0.2.1]) by mx.example.com with lmtpx id 1; date",
    ],
)
def test_neither_by_the_name_he_gives_nor_by_an_address(received: str) -> None:
    data = from_server(("Received", received), ("Authentication-Results", PASS))
    assert asked(data, trusted=[OURS]).check == "unverified"


def test_servers_of_ones_own_in_front_are_counted() -> None:
    data = from_server(("Received", HOP), ("Authentication-Results", PASS), ("Received", HOP))
    assert asked(data, trusted=[OURS]).check == "unverified"
    assert asked(data, trusted=[f"{OURS} 1"]).check == "verified"
    deeper = from_server(("Received", HOP), ("Received", HOP), ("Authentication-Results", PASS))
    assert asked(deeper, trusted=[f"{OURS} 1", "other.example 5"]).check == "unverified"


def test_nobody_is_trusted_unless_named() -> None:
    assert asked(from_server(("Authentication-Results", PASS), ("Received", HOP))).check == "unverified"


def test_a_second_from_is_refused_whatever_the_server_says() -> None:
    data = from_server(("Authentication-Results", PASS), ("From", "other@receiver.example"))
    assert facts(asked(data, trusted=[OURS]))[:2] == ("unverified", "several_authors")


# --- Whose name the report bears -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("receiver.example", "mail.receiver.example", True),
        ("a.receiver.example", "b.receiver.example", True),
        ("a.co.uk", "b.co.uk", False),
        ("co.uk", "co.uk", True),
        ("receiver.example", "xreceiver.example", False),
        ("", "", False),
        ("github.io", "a.github.io", False),
        ("a..example", "b..example", False),
    ],
)
def test_alignment(one: str, other: str, *, expected: bool) -> None:
    assert are_aligned(one, other) is expected


@pytest.mark.parametrize(
    ("sender", "org_name", "email", "expected"),
    [
        ("receiver.example", "Receiver", "noreply@mail.receiver.example", True),
        ("mail.receiver.example", "receiver.example", "", True),
        ("stranger.example", "Receiver", "noreply@receiver.example", False),
        ("stranger.example", "Receiver", "noreply@receiver.example@stranger.example", True),
        ("", "", "", False),
    ],
)
def test_a_sender_speaks_for_the_reporter_by_address_or_name(
    sender: str, org_name: str, email: str, *, expected: bool
) -> None:
    assert speaks_for(sender, org_name=org_name, email=email) is expected


def test_a_name_beyond_ascii_is_its_own() -> None:
    """In the names of 2003 "faß" was "fass", which somebody else may own."""
    assert domain_of("a@faß.example") == "xn--fa-hia.example"
    key = key_of("fass.example")
    assert facts(asked(key.sign(letter("a@faß.example"))))[:3] == (
        "unverified",
        "other_signatures",
        "xn--fa-hia.example",
    )
    own = key_of("xn--fa-hia.example")
    assert asked(own.sign(letter("a@FAß.example")), zone(own)).check == "verified"


def _with_tags(key: DkimKey, tags: str) -> bytes:
    """A signature that holds and carries more tags; dkimpy signs only those it knows."""
    data = letter(AUTHOR)
    original = dkim.DKIM.gen_header

    def gen_header(self: dkim.DKIM, fields: list[tuple[bytes, bytes]], *rest: object, **named: object) -> bytes:
        more = [tuple(tag.strip().encode().split(b"=", 1)) for tag in tags.split(";")]
        kept = [field for field in fields if field and field[0] not in {name for name, _ in more}]
        return bytes(original(self, [*kept[:-1], *more, kept[-1]], *rest, **named))

    dkim.DKIM.gen_header = gen_header
    try:
        return key.sign(data)
    finally:
        dkim.DKIM.gen_header = original


@cache
def _tiny() -> DkimKey:
    """768 bits, which no library makes any more."""
    p, q, e = _prime(384), _prime(384), 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    private = _sequence(0, p * q, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    pem = b"-----BEGIN RSA PRIVATE KEY-----\n" + base64.encodebytes(private) + b"-----END RSA PRIVATE KEY-----\n"
    return DkimKey("receiver.example", "s1", pem, _sequence(p * q, e))


def _prime(bits: int) -> int:
    while True:
        number = secrets.randbits(bits) | 3 << bits - 2 | 1
        if number % 65537 != 1 and all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7)):
            return number


def _sequence(*numbers: int) -> bytes:
    return _der(0x30, b"".join(_der(2, number.to_bytes(number.bit_length() // 8 + 1)) for number in numbers))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content).to_bytes(2)
    return bytes([tag, 0x82]) + size + content
