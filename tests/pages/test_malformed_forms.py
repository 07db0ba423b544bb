"""Nonsense in forms and uploads, sent by each role to every address that takes a POST: never 500, nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.urls import reverse

from reports.vocabulary import Role
from tests.pages.addresses import ACTS, has_number, nowhere, our_patterns, somewhere
from tests.website import hostile
from tests.website.house import OURS, House
from tests.website.visitor import Visitor

HARMLESS_NOWHERE = {
    "role-second", "role-refuse", "membership-end", "domain-drop", "reports:mailbox-delete", "reports:mailbox-fetch",
    "reports:service-drop", "exceptions:change-approve", "exceptions:change-reject", "exceptions:change-withdraw",
    "exceptions:node-renew", "exceptions:node-revoke",
}  # fmt: skip
"""One click decides at these, whatever else the form says: asked about something that there is not."""
LEFT_OUT = {"demo-remove"}
"""It takes no field and removes what other tests look at."""
FIELDS = (
    "header_from", "dkim_domain", "envelope_domain", "networks", "recipients", "action", "reason_code", "reason_text", "owner",
    "starts_at", "expires_at", "seen_version", "then", "source", "reason", "domain", "mode", "share", "name", "email", "role",
    "organisation", "theme", "language", "file", "is_dry_run", "host", "port", "tls", "username", "password", "folder",
    "target", "type", "handled_action", "handled_folder", "refused_action", "refused_folder", "interval_minutes", "kind", "own_reporters", "mailbox_reporters", "ca_certificate", "is_enabled",
)  # fmt: skip
VALUES = ("", "0", "-1", "9" * 25, "NaN", "a\0b", "\u202e<x-evil>", "\ud7ff\ue000", "x" * 100_000, "2026-99-99T99:99", "[]", "0001-01-01T00:00",
          "9999-12-31T23:59", "::ffff:192.0.2.1/0", "a@b@c", "-" * 300 + ".example", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")  # fmt: skip
URLENCODED = "application/x-www-form-urlencoded"
Body = Callable[[Visitor, str], int]


def form(data: Mapping[str, Any]) -> Body:
    return lambda visitor, path: visitor.post(path, dict(data)).status_code


def raw(content: bytes, content_type: str) -> Body:
    headers = {"Content-Type": content_type}
    return lambda visitor, path: visitor.post(path, content=content, headers=headers).status_code


def files(*parts: tuple[str, tuple[str, bytes]]) -> Body:
    return lambda visitor, path: visitor.post(path, files=list(parts)).status_code


BODIES: dict[str, Body] = {
    "nothing": form({}),
    **{f"every field {value[:20]!r}": form(dict.fromkeys(FIELDS, value)) for value in VALUES},
    "every field twice": form({field: ["1", "\0"] for field in FIELDS}),
    "too many fields": form({f"field{number}": "1" for number in range(1100)}),
    "bytes that are no text": raw(b"mode=%ff%fe&reason=\xff\xfe&\x00=\x00&=&&%", URLENCODED),
    "an unknown character set": raw(b"mode=reject", f"{URLENCODED}; charset=nonsense"),
    "an unfitting character set": raw(b"mode=reject", f"{URLENCODED}; charset=utf-16"),
    "JSON": raw(json.dumps({"mode": ["reject"]}).encode(), "application/json"),
    "multipart without a boundary": raw(b"--x\r\n\r\n--x--", "multipart/form-data"),
    "multipart cut short": raw(b'--x\r\nContent-Disposition: form-data; name="mode"\r\n\r\nrej', "multipart/form-data; boundary=x"),
    "multipart nonsense": raw(b"\x00\xff" * 500, "multipart/form-data; boundary=" + "-" * 300),
    "too long a form": raw(b"reason=" + b"x" * 5_000_000, URLENCODED),
    "files in the place of text": files(*((field, ("a", b"\0\xff")) for field in FIELDS[:30] if field != "file")),
    "no content type": raw(b"mode=reject", ""),
}  # fmt: skip
FEW = ("nothing", "every field 'a\\x00b'", "multipart cut short")
UPLOADS: dict[str, Body] = {
    "text in the place of a file": form({"file": "x"}),
    "an empty file": files(("file", ("", b""))),
    "a name that is none": files(("file", ("../../\0\u202e<x-evil>" + "x" * 3000, b"<feedback/>"))),
    "too many files": files(*(("file", (f"{number}.xml", b"x")) for number in range(250))),
    "a bomb": files(("file", ("a.zip", b"PK\x03\x04" + b"\xff" * 4000))),
    "half a gzip": files(("file", ("a.gz", b"\x1f\x8b\x08\x00" + b"\0" * 40))),
    "XML with an entity": files(("file", ("a.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><feedback>&b;</feedback>'))),
    "deep XML": files(("file", ("a.xml", b"<feedback>" * 50_000))),
    "deep mail": files(("file", ("a.eml", b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" * 3000))),
    "a mail of NULs": files(("file", ("a.eml", b"From: \0\nSubject: \0\n\n\0"))),
}  # fmt: skip


def test_the_few_are_among_all() -> None:
    assert set(FEW) <= set(BODIES)


def targets(house: House) -> list[str]:
    """A path for every address, about something real wherever a senseless form cannot decide anything."""
    found = []
    for name in set(ACTS) - LEFT_OUT:
        path = (
            nowhere(name)
            if name in HARMLESS_NOWHERE
            else somewhere(house, name, organisation=OURS)
            if _is_known(name)
            else None
        )
        found.append(path or nowhere(name))
    return sorted({*found, reverse("theme"), reverse("set_language"), reverse("invitation", args=["x"])})


def _is_known(name: str) -> bool:
    return not has_number(name) or name.startswith(("reports:", "exceptions:"))


def broken(visitor: Visitor, paths: list[str], bodies: Mapping[str, Body]) -> list[str]:
    def fails(ask: tuple[str, str]) -> str:
        path, kind = ask
        status = bodies[kind](visitor, path)
        return f"{status} {path}: {kind}" if status >= 500 else ""

    with ThreadPoolExecutor(4) as pool:
        return list(filter(None, pool.map(fails, [(path, kind) for path in paths for kind in bodies])))


def test_no_form_breaks_the_server_for_an_administrator(house: House) -> None:
    assert broken(house.people[Role.ADMINISTRATOR], targets(house), BODIES) == []


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_no_form_breaks_the_server_for_others(house: House, role: Role) -> None:
    assert broken(house.people[role], targets(house), {kind: BODIES[kind] for kind in FEW}) == []


def test_no_form_breaks_the_server_for_strangers(house: House) -> None:
    stranger = Visitor(house.site)
    stranger.get("/accounts/login/")
    paths = [nowhere(name) for name in ACTS] + [reverse(name) for name in ("account_login", "account_reset_password")]
    assert broken(stranger, paths, {kind: BODIES[kind] for kind in FEW}) == []


def test_no_feed_breaks_without_a_token(house: House) -> None:
    paths = [reverse(name, args=["x"]) for name in our_patterns() if name.startswith("exceptions:feed-")]
    assert broken(Visitor(house.site), paths, BODIES) == []


def test_no_upload_breaks_the_server(house: House) -> None:
    evil = {name: files(("file", (name, content))) for name, content in hostile.files()[:3]}
    assert broken(house.people[Role.ANALYST], ["/upload/"], {**UPLOADS, **evil}) == []
